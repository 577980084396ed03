"""The server that tests run against: a cluster given by its kubeconfig, or one started here."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from runai_registrar.apiserver.binaries import Search, find_or_make
from runai_registrar.apiserver.errors import KubeconfigError
from runai_registrar.apiserver.kubeconfig import read_kubeconfig
from runai_registrar.apiserver.progress import Say, to_stderr
from runai_registrar.apiserver.servers import ApiServer

KUBECONFIG_VARIABLE = "RUNAI_REGISTRAR_TEST_KUBECONFIG"
"""The environment variable that names the kubeconfig of a cluster for tests."""


class Server(Protocol):
    """What a test may know of the server it talks to."""

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig."""
        ...

    @property
    def url(self) -> str:
        """The server's address."""
        ...

    @property
    def token(self) -> str | None:
        """The administrator's bearer token, None where the login is by certificate."""
        ...

    @property
    def audit_log(self) -> Path | None:
        """The audit log, None where it is out of reach."""
        ...


class GivenServer:
    """Somebody's cluster, known by its kubeconfig; never stopped, never asked for its audit log.

    Raises:
        KubeconfigError: the file cannot be read, or logs in by a plugin.
    """

    audit_log: Path | None = None

    def __init__(self, kubeconfig: Path) -> None:
        self.kubeconfig = kubeconfig.absolute()
        self._login = read_kubeconfig(self.kubeconfig)

    def __repr__(self) -> str:
        return f"GivenServer({self.url})"

    @property
    def url(self) -> str:
        """The server's address."""
        return self._login.url

    @property
    def token(self) -> str | None:
        """The administrator's bearer token, None where the login is by certificate."""
        return self._login.token


def given_kubeconfig(environ: Mapping[str, str]) -> Path | None:
    """The kubeconfig of a cluster given by the environment, or None.

    Raises:
        KubeconfigError: the variable names a file that is not there.
    """
    configured = environ.get(KUBECONFIG_VARIABLE)
    if not configured:
        return None
    path = Path(configured).expanduser()
    if not path.is_file():
        raise KubeconfigError(f"{KUBECONFIG_VARIABLE} is {configured}, but there is no such file. Correct or unset it.")
    return path


@contextmanager
def server_for_tests(*, controller_manager: bool = False, say: Say = to_stderr) -> Iterator[Server]:
    """The cluster given by the environment, or a server of our own with an audit log for the length of the block.

    Raises:
        ApiServerError: neither is to be had; the message says what to do.
    """
    if path := given_kubeconfig(os.environ):
        yield GivenServer(path)
        return
    binaries = find_or_make(Search.here(controller_manager=controller_manager, say=say))
    with ApiServer(binaries, controller_manager=controller_manager, audit=True, say=say) as server:
        yield server
