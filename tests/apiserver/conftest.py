"""Stand-ins for the world outside: folders of programs, and a web server."""

import functools
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runai_registrar.apiserver import ApiServer, Binaries, Search, find_or_make


@pytest.fixture
def programs() -> Callable[..., Path]:
    """Puts files with the names of programs into a folder."""

    def put(folder: Path, *names: str) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            (folder / name).write_text("#!/bin/sh\n")
            (folder / name).chmod(0o755)
        return folder

    return put


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Say nothing: the test reads the result."""


@pytest.fixture
def website(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder that is served over HTTP on 127.0.0.1, and its address."""
    folder = tmp_path / "website"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    """The real programs of this machine."""
    return find_or_make(Search.here())


@pytest.fixture(scope="module")
def own_server(binaries: Binaries) -> Iterator[ApiServer]:
    """A server that the tests of one module may kill."""
    with ApiServer(binaries) as server:
        yield server
