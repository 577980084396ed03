"""`export` and `diff` without Kubernetes: a control plane on a real socket, and files."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from export.clusters import read
from export.program import SOURCES, Run, command, piped
from runai_registrar.simulator import Server


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


def test_links_stay_links(run: Run, login: list[str], tmp_path: Path) -> None:
    """A file that is a link stays one: what it leads to is written, whether it was there before or not."""
    for name in ("git", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "elsewhere" / "lab.yaml").write_text("old\n")
    for name in ("lab.yaml", "gpu-a.yaml"):
        (tmp_path / "git" / name).symlink_to(f"../elsewhere/{name}")
    code, output, _ = run("export", *login, "lab", "GPU*", "--output-dir", str(tmp_path / "git"), "--overwrite")

    assert (code, [line.split()[1] for line in output.splitlines()]) == (0, ["written", "replaced"])
    assert all((tmp_path / "git" / name).is_symlink() for name in ("lab.yaml", "gpu-a.yaml"))
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == ["gpu-a.yaml", "lab.yaml"]
    assert (tmp_path / "elsewhere" / "lab.yaml").read_text().startswith("# Created ")


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
    words = ["diff", "--url", server.url, "--client-id", server.client_id, "-f", "-"]
    variables = {"RUNAI_REGISTRAR_CLIENT_SECRET": server.client_secret}
    code, output, said = piped(*words, given=b"{}", variables=variables)

    assert (code, said) == (1, "")
    assert len(output.splitlines()) == 3
    assert server.client_secret.encode() not in output


def test_nobody_reads_on(server: Server) -> None:
    """An output that is closed early ends the command without a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    variables = {"PYTHONPATH": SOURCES, "RUNAI_REGISTRAR_CLIENT_SECRET": server.client_secret}
    words = command("export", "--url", server.url, "--client-id", server.client_id)
    done = subprocess.run(words, env=variables, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603  # ours
    os.close(writing)

    assert (done.returncode, done.stderr) == (1, "")


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
