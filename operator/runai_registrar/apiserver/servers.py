"""A kube-apiserver with its etcd, on this machine, for as long as a test session or a demo lasts."""

import shutil
import ssl
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from runai_registrar.apiserver import flags
from runai_registrar.apiserver.binaries import Binaries
from runai_registrar.apiserver.children import Child, Guard
from runai_registrar.apiserver.errors import PortTakenError, StartError
from runai_registrar.apiserver.keys import ADMIN, new_signing_key, new_token, token_file, write_private
from runai_registrar.apiserver.kubeconfig import Login, write_kubeconfig
from runai_registrar.apiserver.lock import claim
from runai_registrar.apiserver.ports import free_port
from runai_registrar.apiserver.progress import Say, to_stderr
from runai_registrar.apiserver.readiness import answers_ready, has_service_account, wait_until

_PORT_TRIES = 5
_Part = TypeVar("_Part")


class ApiServer:
    """One kube-apiserver with its etcd, as a context manager; everything is stopped at the end of the block.

    RBAC is on; the kubeconfig logs in as a member of ``system:masters`` and verifies TLS by the certificate that the
    server made for itself. Nothing else is in it than what a fresh API server has: no node, and no controllers unless
    asked for (so namespaces stay in ``Terminating`` for ever, and owner references collect nothing).

    Args:
        binaries: The programs, from `binaries.find_or_make`.
        data_folder: Where keys, data and logs live and stay; None: a temporary folder that is removed at the end.
        controller_manager: Whether kube-controller-manager runs too (garbage collection, namespaces, service accounts).
        audit: True writes an audit log under `flags.DEFAULT_AUDIT_POLICY`; a string is a policy of one's own (YAML).
        extra_flags: More arguments for kube-apiserver; the last one of a name wins.
        fsync: Whether etcd waits for the disk at each write; only benchmarks of the disk need it.
        say: Where lines about long waits go.

    Raises:
        StartError: on entering: a server ended, was not ready in time, or `data_folder` is in use.
    """

    def __init__(
        self,
        binaries: Binaries,
        *,
        data_folder: Path | None = None,
        controller_manager: bool = False,
        audit: bool | str = False,
        extra_flags: Sequence[str] = (),
        fsync: bool = False,
        say: Say = to_stderr,
    ) -> None:
        self._binaries = binaries
        self._given_folder = data_folder
        self._wants_controllers = controller_manager
        self._audit_policy = flags.DEFAULT_AUDIT_POLICY if audit is True else audit or None
        self._extra_flags = tuple(extra_flags)
        self._fsync = fsync
        self._say = say
        self._token = new_token()
        self._port = 0
        self._folder: Path | None = None
        self._guard: Guard | None = None
        self._apiserver: Child | None = None
        self._stack = ExitStack()

    def __repr__(self) -> str:
        return f"ApiServer({self.url})" if self._port else "ApiServer(not started)"

    @property
    def folder(self) -> Path:
        """The folder with data, logs (``<program>.log``) and keys."""
        return _started(self._folder)

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig (0600)."""
        return self.folder / flags.KUBECONFIG

    @property
    def certificate(self) -> Path:
        """The PEM file that TLS clients verify the server by."""
        return self.folder / flags.SERVING_CERTIFICATE

    @property
    def url(self) -> str:
        """The server's address: https on 127.0.0.1, the same after `restart`."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def token(self) -> str:
        """The administrator's bearer token."""
        return self._token

    @property
    def audit_log(self) -> Path | None:
        """The audit log (one JSON event per line), or None if none was asked for."""
        return self.folder / flags.AUDIT_LOG if self._audit_policy else None

    @property
    def running(self) -> bool:
        """Whether kube-apiserver runs (a frozen one does)."""
        return self._apiserver is not None and self._apiserver.exit_code is None

    @property
    def pids(self) -> list[int]:
        """The ids of the processes of this server, the guard among them; empty if it is not running."""
        return self._guard.pids if self._guard else []

    def start(self) -> None:
        """Start everything and return when it is ready; on failure nothing is left running.

        Raises:
            StartError: as said at the class.
        """
        try:
            self._start_all()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything, and remove the data unless a folder was given; harmless if it is not running."""
        self._stack.close()

    def pause(self) -> None:
        """Freeze kube-apiserver: connections stay open, nothing is answered."""
        _started(self._apiserver).pause()

    def resume(self) -> None:
        """Let a frozen kube-apiserver go on."""
        _started(self._apiserver).resume()

    def kill(self) -> None:
        """Kill kube-apiserver (SIGKILL); etcd and its data stay."""
        _started(self._apiserver).kill()

    def restart(self) -> None:
        """Stop kube-apiserver if it runs, and start it again: same port, data, certificate and token.

        Raises:
            StartError: it ended, was not ready in time, or lost its port to somebody else meanwhile.
        """
        _started(self._apiserver).stop()
        self._launch()

    def _start_all(self) -> None:
        self._folder = self._new_folder()
        self._write_configuration(self._folder)
        self._guard = self._stack.enter_context(Guard())
        etcd = self._child(self._binaries.etcd, flags.etcd_flags(fsync=self._fsync))
        self._stack.callback(etcd.stop)
        self._stack.callback(self._stop_apiserver)
        self._launch_on_free_port()
        write_kubeconfig(self.kubeconfig, url=self.url, certificate=self.certificate, token=self._token, user=ADMIN)
        if self._wants_controllers:
            self._start_controller_manager()

    def _new_folder(self) -> Path:
        if self._given_folder is None:
            folder = Path(tempfile.mkdtemp(prefix="runai-registrar-apiserver-"))
            self._stack.callback(shutil.rmtree, folder)
        else:
            folder = self._given_folder.absolute()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._stack.enter_context(claim(folder / ".lock"))
        return folder

    def _write_configuration(self, folder: Path) -> None:
        write_private(folder / flags.TOKEN_FILE, token_file(self._token))
        if not (folder / flags.SIGNING_KEY).exists():  # tokens of service accounts stay valid in a kept folder
            write_private(folder / flags.SIGNING_KEY, new_signing_key())
        if self._audit_policy:
            write_private(folder / flags.AUDIT_POLICY, self._audit_policy)

    def _launch_on_free_port(self) -> None:
        for tries_left in reversed(range(_PORT_TRIES)):
            self._port = free_port()
            try:
                self._launch()
            except PortTakenError:
                if not tries_left:
                    raise
            else:
                return

    def _launch(self) -> None:
        arguments = flags.apiserver_flags(self._port, audit=bool(self._audit_policy), extra=self._extra_flags)
        self._apiserver = self._child(self._binaries.apiserver, arguments)
        wait_until(self._is_ready, self._apiserver, self._say)

    def _start_controller_manager(self) -> None:
        controllers = self._child(self._binaries.controller_manager, flags.controller_manager_flags())
        self._stack.callback(controllers.stop)
        with self._login().client() as client:
            wait_until(lambda: has_service_account(client), controllers, self._say)

    def _child(self, program: Path, arguments: Sequence[str]) -> Child:
        return Child([str(program.absolute()), *arguments], self.folder, _started(self._guard))

    def _is_ready(self) -> bool:
        with self._login().client() as client:
            return answers_ready(client)

    def _login(self) -> Login:
        return Login(self.url, ssl.create_default_context(cafile=self.certificate), self._token)

    def _stop_apiserver(self) -> None:
        if self._apiserver:
            self._apiserver.stop()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def _started(part: _Part | None) -> _Part:
    if part is None:
        raise StartError("the API server has not been started")
    return part
