"""What `pip install runai-registrar` brings."""

import configparser
import sys
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from house.repository import PROJECT, ROOT, locked, python, run

WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""
"""Python, without the modules that only the extras bring."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as anyone builds it, from what is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    built = run(sys.executable, "-m", "pip", "wheel", *offline, "--wheel-dir", folder, ROOT)

    assert built.returncode == 0, built.stdout + built.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def unpacked(wheel: Path) -> Path:
    """A folder with what the wheel would put into site-packages."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.parent / "site-packages")
    return wheel.parent / "site-packages"


def test_wheel_has_all_that_is_needed_at_run_time(unpacked: Path) -> None:
    """The package is typed and has the CRDs, the API file, the Go module and the licence with it."""
    package = unpacked / "runai_registrar"
    crds = {path.name for path in (ROOT / "crds").glob("*.yaml")}

    assert crds
    assert {path.name for path in package.glob("crds/*.yaml")} == crds
    assert (package / "py.typed").is_file()
    assert (package / "simulator" / "runai-clusters-2.24.openapi.json").is_file()
    assert [path.name for path in sorted(package.glob("apiserver/gomodule/*"))] == ["go.mod", "go.sum"]
    assert len(list(unpacked.glob("*.dist-info/licenses/LICENSE"))) == 1


def test_wheel_has_every_module_and_nothing_beside_the_package(unpacked: Path) -> None:
    """Each module of the source is in it; there is no `operator` folder that would land in site-packages."""
    source = ROOT / "operator"

    modules = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*.py")}

    assert modules == {str(path.relative_to(source)) for path in source.rglob("*.py")}
    assert {path.name for path in unpacked.iterdir() if path.suffix != ".dist-info"} == {"runai_registrar"}


def test_wheel_brings_both_commands(unpacked: Path) -> None:
    """The command and the kubectl plugin are the same program."""
    (entry_points,) = unpacked.glob("*.dist-info/entry_points.txt")
    parsed = configparser.ConfigParser()
    parsed.read(entry_points)

    assert dict(parsed["console_scripts"]) == PROJECT["project"]["scripts"]
    assert set(PROJECT["project"]["scripts"]) == {"runai-registrar", "kubectl-runai_registration"}


def only_from_extras() -> set[str]:
    """The modules that come with no distribution of the operator's own lock."""
    base = set(locked("operator")) | {canonicalize_name(PROJECT["project"]["name"])}
    owners = packages_distributions()
    return {module for module, names in owners.items() if not base & {canonicalize_name(name) for name in names}}


def plain(unpacked: Path, program: str) -> tuple[int, str, str]:
    """Run a program with the wheel and the operator's dependencies, without any extra."""
    absent = WITHOUT.format(absent=only_from_extras())
    ran = python(absent + program, cwd=unpacked, PYTHONPATH=str(unpacked), PYTHONUTF8="1", TERM="xterm")
    return ran.returncode, ran.stdout, ran.stderr


def test_extras_are_really_absent(unpacked: Path) -> None:
    """The programs of the next tests find neither rich nor jsonschema, and run the wheel's code."""
    code, _, errors = plain(unpacked, "import rich")
    where = plain(unpacked, "import runai_registrar; print(runai_registrar.__file__)")

    assert {"rich", "jsonschema", "pytest"} <= only_from_extras()
    assert code == 1
    assert "No module named 'rich'" in errors
    assert where[1].startswith(str(unpacked))


@pytest.mark.parametrize(
    "arguments",
    [
        "--version",
        "--help",
        *(f"{name} --help" for name in ("operator", "simulate", "export", "diff", "install-command")),
    ],
)
def test_operator_and_simulator_need_no_extra(unpacked: Path, arguments: str) -> None:
    """Without extras the command line answers, and all parts of operator and simulator can be imported."""
    program = f"import sys, runai_registrar.cli.main as command; sys.exit(command.main({arguments.split()!r}))"

    code, output, errors = plain(unpacked, program)

    assert (code, errors) == (0, "")
    assert "runai-registrar" in output


def test_missing_extra_is_named(unpacked: Path) -> None:
    """A command whose extra is missing (the demo, on a terminal) ends with 2 and says how to get it: no traceback."""
    on_a_terminal = "import os, pty; os.dup2(pty.openpty()[1], 1)\n"
    program = "import sys, runai_registrar.cli.main as command; sys.exit(command.main(['demo']))"

    code, _, errors = plain(unpacked, on_a_terminal + program)

    assert errors == "demo needs more than the operator: pip install 'runai-registrar[demo]'\n"
    assert code == 2
