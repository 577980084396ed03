"""Bytes that are no text, and terminals that have no letters for what is shown: named or escaped, never a traceback."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from export.clusters import read
from export.program import command, piped
from runai_registrar.simulator import Admin, Server, Simulator, running_in_thread

NAME = "ünï 🚀"
BINARY = b"\xe1abc\x00\xff"
ENCODINGS = ["ascii:strict", "latin-1:strict", "utf-8:strict"]


@pytest.fixture(scope="module")
def abroad() -> Iterator[Server]:
    """A control plane with a cluster whose name ASCII has no letters for."""
    with running_in_thread(Simulator()) as server, Admin(server.admin_url) as admin:
        admin.create(NAME)
        yield server


@pytest.fixture
def login(abroad: Server) -> tuple[str, ...]:
    """The flags that lead there; the secret is in the environment."""
    return ("--url", abroad.url, "--client-id", abroad.client_id)


@pytest.fixture
def known(abroad: Server) -> dict[str, str]:
    """The environment that leads there."""
    return {"RUNAI_REGISTRAR_CLIENT_SECRET": abroad.client_secret}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_an_export_is_utf_8_everywhere(login: tuple[str, ...], known: dict[str, str], encoding: str) -> None:
    """What goes into Git is the same bytes, whatever the locale is."""
    code, output, said = piped("export", *login, variables=known | {"PYTHONIOENCODING": encoding})

    assert (code, said) == (0, "")
    assert [each["spec"]["clusterName"] for each in read(output.decode())] == [NAME]


@pytest.mark.parametrize(
    ("encoding", "shown"),
    list(zip(ENCODINGS, [rb"\xfcn\xef \U0001f680", b"\xfcn\xef " + rb"\U0001f680", NAME.encode()], strict=True)),
)
def test_a_difference_is_shown_with_the_letters_there_are(
    login: tuple[str, ...], known: dict[str, str], encoding: str, shown: bytes
) -> None:
    """A name that a terminal has no letters for is escaped; the exit code still says that there are differences."""
    code, output, said = piped("diff", *login, "-f", "-", variables=known | {"PYTHONIOENCODING": encoding})

    assert (code, said) == (1, "")
    assert output.startswith(b"only in the control plane: " + shown + b" (")


def test_a_folder_of_any_name(login: tuple[str, ...], known: dict[str, str], tmp_path: Path) -> None:
    """A file is written, and told, also where the terminal cannot show its name."""
    folder = os.fsencode(tmp_path) + b"/\xc3\xbc-\xff"
    code, output, said = piped(
        "export", *login, "--output-dir", folder, variables=known | {"PYTHONIOENCODING": "ascii:strict"}
    )

    assert (code, said) == (0, "")
    assert output.endswith(b"uni.yaml: written\n")
    assert [path.name for path in Path(os.fsdecode(folder)).iterdir()] == ["uni.yaml"]


@pytest.mark.parametrize(
    ("words", "variables", "says"),
    [
        (["-f", "-"], {}, "standard input: it is not text"),
        (["-f", "-"], {"PYTHONIOENCODING": "utf-8:strict"}, "standard input: it is not text"),
        (["-f", "/dev/null", "--client-secret-file", "-"], {}, "--client-secret-file standard input: it is not text"),
        (["-f", "/dev/null", "--ca-file", "-"], {}, "--ca-file standard input: it is not text"),
        (["-f", "/dev/null", "--client-id", BINARY[:4]], {}, "--client-id is not text"),
        (
            ["-f", "/dev/null"],
            {"RUNAI_REGISTRAR_CLIENT_SECRET": BINARY[:4]},
            "RUNAI_REGISTRAR_CLIENT_SECRET is not text",
        ),
        (["-f", "/dev/null", "--url", b"https://\xff.example.com"], {}, "--url must be"),
        (["-f", "/dev/null", "--proxy-url", b"https://\xff.example.com"], {}, "--proxy-url must be"),
        (["-f", b"/dev/null/\xff"], {}, "Not a directory"),
    ],
)
def test_what_is_no_text_is_named(
    login: tuple[str, ...],
    known: dict[str, str],
    words: list[str | bytes],
    variables: dict[str, str | bytes],
    says: str,
) -> None:
    """Bytes that are no text, wherever they are given, end in one sentence and exit code 2: it was no comparison."""
    code, output, said = piped("diff", *login, *words, given=BINARY, variables={**known, **variables})

    assert (code, output, said.count("\n")) == (2, b"", 1)
    assert says in said


@pytest.mark.parametrize(
    ("closed", "words", "says"),
    [
        ("<&-", ("-f", "-"), "Standard input is closed"),
        (">&-", ("-f", "/dev/null"), "The output is closed"),
    ],
)
def test_what_is_closed_is_named(
    login: tuple[str, ...], known: dict[str, str], closed: str, words: tuple[str, str], says: str
) -> None:
    """Without an input or an output there is a sentence, and exit code 2."""
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh", *command("diff", *login, *words)]
    done = subprocess.run(shell, env=os.environ | known, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603  # ours

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert says in done.stderr
