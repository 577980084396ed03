"""The command ``python -m runai_registrar.apiserver``: a real API server to play with."""

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

import httpx

from runai_registrar.apiserver.binaries import Search, find_or_make
from runai_registrar.apiserver.crds import install_crds
from runai_registrar.apiserver.errors import ApiServerError, StartError
from runai_registrar.apiserver.keys import write_private
from runai_registrar.apiserver.kubeconfig import connect
from runai_registrar.apiserver.places import cache_root
from runai_registrar.apiserver.progress import to_stderr
from runai_registrar.apiserver.servers import ApiServer

_WRONG = 2
_POLL = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 if all went well, 2 with a message on standard error otherwise."""
    chosen = _parser().parse_args(arguments)
    for number in (signal.SIGTERM, signal.SIGINT):  # a shell that starts us in the background ignores Ctrl-C for us
        signal.signal(number, _interrupt)
    try:
        chosen.run(chosen)
    except (ApiServerError, OSError) as error:
        to_stderr(f"error: {error}")
        return _WRONG
    except KeyboardInterrupt:
        to_stderr("stopped")
    return 0


def build(chosen: argparse.Namespace) -> None:
    """Find or make the programs, and print the folder they are in."""
    found = find_or_make(Search.here(controller_manager=chosen.controller_manager))
    sys.stdout.write(f"{found.folder}\n")


def up(chosen: argparse.Namespace) -> None:
    """Run a server in the foreground until Ctrl-C, with the CRDs installed; prints the kubeconfig's path."""
    _refuse_second(chosen.kubeconfig)
    binaries = find_or_make(Search.here(controller_manager=chosen.controller_manager))
    with ExitStack() as stack:
        server = ApiServer(
            binaries, data_folder=chosen.data, controller_manager=chosen.controller_manager, audit=chosen.audit
        )
        stack.enter_context(server)
        _install(server, chosen.crds)
        stack.callback(chosen.kubeconfig.unlink, missing_ok=True)
        write_private(chosen.kubeconfig, server.kubeconfig.read_text())
        _announce(server, chosen.kubeconfig)
        _watch(server)


def kubectl_env(chosen: argparse.Namespace) -> None:
    """Print the shell line that points kubectl at the running server."""
    if not _answers(chosen.kubeconfig):
        raise StartError("no server is up; start one with: python -m runai_registrar.apiserver up")
    sys.stdout.write(f"export KUBECONFIG={shlex.quote(str(chosen.kubeconfig))}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m runai_registrar.apiserver", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    default = cache_root(os.environ) / "kubeconfig"
    for name, run in (("build", build), ("up", up), ("kubectl-env", kubectl_env)):
        command = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
        command.set_defaults(run=run)
        if run is not kubectl_env:
            command.add_argument("--controller-manager", action="store_true", help="kube-controller-manager too")
        if run is not build:
            command.add_argument(
                "--kubeconfig", type=_absolute, default=default, metavar="FILE", help="default: %(default)s"
            )
        if run is up:
            _add_server_options(command)
    return parser


def _add_server_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--crds", type=Path, metavar="DIR", help="manifests to apply; default: crds, if it is there")
    command.add_argument("--data", type=Path, metavar="DIR", help="keep data and logs here; default: nowhere")
    command.add_argument("--audit", action="store_true", help="write an audit log into the data folder")


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _install(server: ApiServer, folder: Path | None) -> None:
    default = Path("crds")
    if folder or default.is_dir():
        for title in install_crds(server.kubeconfig, folder or default):
            to_stderr(f"  applied {title}")


def _announce(server: ApiServer, kubeconfig: Path) -> None:
    to_stderr(f"The API server is up at {server.url}; data and logs: {server.folder}")
    to_stderr("Ctrl-C stops it. In another terminal:")
    to_stderr(f"  export KUBECONFIG={shlex.quote(str(kubeconfig))}")
    sys.stdout.write(f"{kubeconfig}\n")
    sys.stdout.flush()


def _watch(server: ApiServer) -> None:
    while server.running:
        time.sleep(_POLL)
    raise StartError("kube-apiserver has ended by itself")


def _refuse_second(kubeconfig: Path) -> None:
    if _answers(kubeconfig):
        raise StartError(f"{kubeconfig} belongs to a server that is up; stop it, or give another --kubeconfig FILE")


def _answers(kubeconfig: Path) -> bool:
    with suppress(ApiServerError, httpx.HTTPError), connect(kubeconfig) as client:
        return client.get("/readyz").is_success
    return False


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
