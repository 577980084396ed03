"""A person who mistypes: what cannot be used is named in a sentence, with exit code 2, and never by a traceback."""

import sys

import pytest

from export.program import Run
from runai_registrar.simulator import Server


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
        (["zzz", "y*"], "no cluster or registration is named zzz or y*"),
        (["-f", __file__], "is not YAML"),
        (["--output", "xml"], "xml"),
        (["-f", ""], "it is empty; name a file or a folder"),
        (["--ca-file", ""], "--ca-file"),
        (["--proxy-url", "foo"], "--proxy-url must start with http:// or https://"),
        (["--client-id", " "], "--client-id is needed"),
        (["-n", "Bad NS"], "'Bad NS' is not the name of a namespace"),
        (["--context", "it"], "--context and --operator-namespace are of no use with --url"),
        (["--kubeconfig", "it"], "are of no use with --url"),
        (["--operator-namespace", "it"], "are of no use with --url"),
        (["--control-plane", "Bad Name!"], "'Bad Name!' is not a name in Kubernetes"),
        (["--control-plane", ""], "'' is not a name in Kubernetes"),
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
        (["export", "--ca-file", ""], "go with --url"),
        (["export", "--overwrite"], "--overwrite goes with --output-dir"),
        (["export", "--output-dir", ""], "it is empty"),
        (["export", "--control-plane", ""], "'' is not a name in Kubernetes"),
        (["export", "--operator-namespace", "a.b"], "'a.b' is not the name of a namespace"),
        (["diff", "-n", "platform"], "--namespace goes with --filename"),
        (["install-command"], "NAME"),
        (["install-command", ""], "'' is not a name in Kubernetes"),
        (["install-command", "gpu", "-n", "a\n"], "'a\\n' is not the name of a namespace"),
    ],
)
def test_flags_that_do_not_go_together(run: Run, words: list[str], says: str) -> None:
    """Wrong usage ends with 2 and says what is wrong."""
    code, output, said = run(*words)

    assert (code, output) == (2, "")
    assert says in said


def test_more_for_helm_follows_two_dashes(run: Run) -> None:
    """What stands behind `--` is no option of ours; before it, it would be."""
    code, _, said = run("install-command", "gpu-east", "--kubeconfig", "/dev/null/no", "--", "--server-side=false")
    wrong, _, refused = run("install-command", "gpu-east", "--server-side=false")

    assert (code, wrong) == (2, 2)
    assert "There is no kubeconfig" in said
    assert "unrecognized arguments: --server-side=false" in refused
