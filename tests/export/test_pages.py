"""The pages that show these commands: what they show is what can be typed."""

import re
import shlex
from pathlib import Path

import pytest

from runai_registrar.cli.export import Written
from runai_registrar.cli.main import main, parse
from runai_registrar.gitops.helm import Install

DOCS = Path(__file__).parents[2] / "docs"
EXPORT, SECRET = (DOCS / "export.md").read_text(), (DOCS / "install-secret.md").read_text()
TYPED = re.findall(r"^ *\$ runai-registrar (.*)$", EXPORT + SECRET, re.MULTILINE)
COMMANDS = {"export", "diff", "install-command"}


@pytest.mark.parametrize("line", TYPED)
def test_every_command_line_is_understood(line: str) -> None:
    """Each command of the pages is one that the command line accepts."""
    words = shlex.split(line.partition(">")[0])

    assert words[0] in COMMANDS
    assert parse(words).command == words[0]


def test_every_command_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """Each of the three commands is shown; every option that the pages speak of is one of them."""
    for command in COMMANDS:
        with pytest.raises(SystemExit):
            main([command, "--help"])
    helps = capsys.readouterr().out
    spoken = set(re.findall(r"`(--[a-z-]+)", EXPORT + SECRET))

    assert {line.split()[0] for line in TYPED} == COMMANDS
    assert {option for option in spoken if option not in helps} == set()


def test_what_the_commands_print_is_shown() -> None:
    """The output on the pages is made of the program's own words."""
    install = Install(
        namespace="default",
        secret="gpu-east-install",
        chart_repo="https://charts.example.com",
        version="2.24.18",
        kubectl=("--context=management",),
        helm=("--kube-context=gpu-east",),
    )

    assert f"\n{install.hidden()}\n" in SECRET
    assert f"clusters/gpu-east.yaml: {Written.NEW}\n" in EXPORT
