"""What the tests of this folder may use: a control plane that nobody changes, and the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from export.program import Run
from runai_registrar.cli.main import main
from runai_registrar.simulator import Admin, Server, Simulator, running_in_thread


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A control plane with some clusters that nobody changes."""
    with running_in_thread(Simulator()) as server, Admin(server.admin_url) as admin:
        for name in ("gpu-b", "GPU A", "lab"):
            admin.create(name, domain=f"https://{name[-1].lower()}.example.com", version="2.24.18")
        admin.create("going", deleting=True)
        yield server


@pytest.fixture
def login(server: Server, tmp_path: Path) -> list[str]:
    """The flags that lead to the control plane."""
    secret = tmp_path / "client-secret"
    secret.write_text(f"{server.client_secret}\n")
    return ["--url", server.url, "--client-id", server.client_id, "--client-secret-file", str(secret)]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line, in this process."""

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as exit_:  # argparse ends the program by itself
            code = int(str(exit_.code))
        return code, *capsys.readouterr()

    return run
