"""`export` and `diff` without Kubernetes: a control plane on a real socket, files, and a person who mistypes."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import runai_registrar
from export.clusters import read
from runai_registrar.cli.main import main
from runai_registrar.simulator import Admin, Server, Simulator, running_in_thread

PROGRAM = "import sys; from runai_registrar.cli.main import main; sys.exit(main())"
SOURCES = str(Path(runai_registrar.__path__[0]).parent)

Run = Callable[..., tuple[int, str, str]]
"""Runs the command line; returns exit code, output and what it said beside it."""


@pytest.fixture(scope="module")
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


def test_stream_is_in_order_and_the_same_again(run: Run, login: list[str]) -> None:
    """All live clusters by name, observed and adopted by uuid; a second run writes the same bytes."""
    code, output, said = run("export", *login)

    assert (code, said) == (0, "")
    assert [each["metadata"]["name"] for each in read(output)] == ["gpu-a", "gpu-b", "lab"]
    assert {each["spec"]["mode"] for each in read(output)} == {"Observe"}
    assert run("export", *login) == (0, output, "")


def test_patterns_mode_namespace_and_control_plane(run: Run, login: list[str]) -> None:
    """Patterns choose by the cluster's name; the rest is written as asked for, and no choice changes a name."""
    words = ["gpu-*", "G*", "--mode", "Manage", "-n", "platform", "--control-plane", "eu", "--with-state"]
    first, second = read(run("export", *login, *words)[1])

    assert (first["metadata"], second["metadata"]) == (
        {"name": "gpu-a", "namespace": "platform"},
        {"name": "gpu-b", "namespace": "platform"},
    )
    assert first["spec"]["clusterName"] == "GPU A"
    assert {each["spec"]["mode"] for each in (first, second)} == {"Manage"}
    assert {each["spec"]["controlPlaneRef"]["name"] for each in (first, second)} == {"eu"}


def test_no_match_is_said(run: Run, login: list[str]) -> None:
    """A pattern without a cluster is a problem: nothing on the output, exit code 1."""
    code, output, said = run("export", *login, "nothing-*")

    assert (code, output) == (1, "")
    assert "nothing to export" in said


def test_files_are_never_lost(run: Run, login: list[str], tmp_path: Path) -> None:
    """One file each, said so; what somebody has changed stays, unless --overwrite is given."""
    folder = tmp_path / "deep" / "clusters"
    into = ["export", *login, "--output-dir", str(folder)]
    code, output, _ = run(*into)
    (folder / "lab.yaml").write_text("mine\n")
    again = run(*into)
    replaced = run(*into, "--overwrite")

    names = ["gpu-a", "gpu-b", "lab"]
    assert (code, output.splitlines()) == (0, [f"{folder}/{name}.yaml: written" for name in names])
    assert (again[0], [line.split()[1] for line in again[1].splitlines()]) == (1, ["unchanged", "unchanged", "kept,"])
    assert (replaced[0], replaced[1].splitlines()[2]) == (0, f"{folder}/lab.yaml: replaced")
    assert sorted(path.name for path in folder.iterdir()) == [f"{name}.yaml" for name in names]
    assert (folder / "lab.yaml").read_text().startswith("# Created ")


def test_export_and_diff_agree(run: Run, login: list[str], tmp_path: Path) -> None:
    """A fresh export differs in nothing; a changed file, one too few and one too many are told, and counted by 1."""
    run("export", *login, "--output-dir", str(tmp_path / "git"))
    equal = run("diff", *login, "-f", str(tmp_path / "git"))
    (tmp_path / "git" / "lab.yaml").unlink()
    changed = tmp_path / "git" / "gpu-a.yaml"
    changed.write_text(changed.read_text().replace("2.24.18", "2.25.0"))
    (tmp_path / "git" / "more.yml").write_text(changed.read_text().replace("  name: gpu-a", "  name: copy"))
    code, output, _ = run("diff", *login, "-f", str(tmp_path / "git"))

    assert equal == (0, "", "")
    assert code == 1
    kinds = ("differs: copy", "only in Git: gpu-a: its cluster", "only in the control plane: lab")
    assert sorted(line[: len(kind)] for line, kind in zip(sorted(output.splitlines()), kinds, strict=True)) == [*kinds]


def test_diff_in_json_and_of_some_clusters(run: Run, login: list[str], tmp_path: Path) -> None:
    """JSON has every kind; patterns choose by the cluster's name; other control planes are left out, and said so."""
    run("export", *login, "lab", "--output-dir", str(tmp_path / "git"))
    run("export", *login, "gpu-b", "--control-plane", "other", "--output-dir", str(tmp_path / "git"))
    code, output, said = run("diff", *login, "gpu-*", "-f", str(tmp_path / "git"), "--output", "json")
    found = json.loads(output)

    assert code == 1
    assert {kind: [each["clusterName"] for each in some] for kind, some in found.items()} == {
        "onlyDeclared": [],
        "onlyInControlPlane": ["gpu-b"],
        "differs": [],
    }
    assert said == "Left out: 1 registrations of other control planes than default.\n"


def test_standard_input_and_environment(server: Server) -> None:
    """The secret comes from the environment, files from a pipe; nothing of it is printed."""
    variables = {
        "PYTHONPATH": SOURCES,
        "PYTHONWARNINGS": "error",
        "RUNAI_REGISTRAR_CLIENT_SECRET": server.client_secret,
    }
    words = [sys.executable, "-c", PROGRAM, "diff", "--url", server.url, "--client-id", server.client_id, "-f", "-"]
    done = subprocess.run(words, input="{}", env=variables, capture_output=True, text=True, check=False)  # noqa: S603  # ours

    assert (done.returncode, done.stderr) == (1, "")
    assert len(done.stdout.splitlines()) == 3
    assert server.client_secret not in done.stdout


def test_nobody_reads_on(server: Server) -> None:
    """An output that is closed early ends the command without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    variables = {"PYTHONPATH": SOURCES, "RUNAI_REGISTRAR_CLIENT_SECRET": server.client_secret}
    words = [sys.executable, "-c", PROGRAM, "export", "--url", server.url, "--client-id", server.client_id]
    done = subprocess.run(words, env=variables, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603  # ours
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--client-secret-file", "no-such-file"], "no-such-file: No such file"),
        (["--client-secret-file", "/dev/null"], "There is no client secret"),
        (["--client-secret-file", __file__], "401"),
        (["--client-id", ""], "--client-id is needed"),
        (["--ca-file", __file__], "--ca-file holds no certificate"),
        (["--url", "http://registrar.example.com"], "--url must be https"),
        (["--url", "app.run.ai"], "--url"),
        (["--url", "https://127.0.0.1:1"], "could not be reached"),
        (["--proxy-url", "http://me:secret@127.0.0.1"], "--proxy-url"),
        (["-f", "no-such-file"], "no-such-file: No such file"),
        (["-f", sys.executable], "it is not text"),
        (["-f", __file__], "is not YAML"),
        (["--output", "xml"], "xml"),
    ],
)
def test_mistakes_are_named(run: Run, login: list[str], words: list[str], says: str) -> None:
    """What cannot be used is named in one message, exit code 2, and nothing is printed."""
    code, output, said = run("diff", *login, *(["-f", "/dev/null"] if "-f" not in words else []), *words)

    assert (code, output) == (2, "")
    assert says in said


def test_no_secret_in_a_message(run: Run, login: list[str], server: Server) -> None:
    """Neither a refusal nor anything else repeats the client secret."""
    said = [run("export", *login, "--client-id", "nobody"), run("export", *login, "--url", "https://127.0.0.1:1")]

    assert [code for code, _, _ in said] == [2, 2]
    assert server.client_secret not in str(said)


def test_a_server_without_tls(run: Run, login: list[str], server: Server) -> None:
    """A server that does not speak TLS is unreachable, and the message says why: no traceback."""
    code, output, said = run("export", *login, "--url", server.url.replace("http:", "https:"))

    assert (code, output) == (2, "")
    assert "TLS could not be agreed on" in said


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["export", "--client-id", "me"], "go with --url"),
        (["diff", "--url", "https://app.run.ai", "--client-id", "me"], "Name files"),
        (["export", "-n", "Not A Namespace"], "not the name of a namespace"),
        (["export", "--mode", "Sometimes"], "Sometimes"),
        (["install-command"], "NAME"),
    ],
)
def test_flags_that_do_not_go_together(run: Run, words: list[str], says: str) -> None:
    """Wrong usage ends with 2 and says what is wrong."""
    code, output, said = run(*words)

    assert (code, output) == (2, "")
    assert says in said


@pytest.mark.parametrize("command", ["export", "diff", "install-command"])
def test_help_has_an_example(run: Run, command: str) -> None:
    """The help of each command shows how it is used."""
    code, output, _ = run(command, "--help")

    assert code == 0
    assert f"runai-registrar {command} " in output.partition("examples:")[2]


def test_files_twice(run: Run, login: list[str], tmp_path: Path) -> None:
    """A registration that stands in two files is a mistake, and both are named."""
    run("export", *login, "lab", "--output-dir", str(tmp_path / "one"))
    run("export", *login, "lab", "--output-dir", str(tmp_path / "two"))
    code, _, said = run("diff", *login, "-f", str(tmp_path / "one"), "-f", str(tmp_path / "two"))

    assert code == 2
    assert f"lab is in {tmp_path}/one/lab.yaml and in {tmp_path}/two/lab.yaml" in said


def test_a_folder_that_cannot_be_written(run: Run, login: list[str], tmp_path: Path) -> None:
    """Where files cannot be made, the place is named."""
    (tmp_path / "file").write_text("")
    code, _, said = run("export", *login, "--output-dir", str(tmp_path / "file" / "below"))

    assert code == 2
    assert str(tmp_path / "file") in said
