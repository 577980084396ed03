"""The command, as a user runs it, with every real part."""

import os
import pty
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from demo.running import PATIENCE, Demo
from runai_registrar.apiserver import connect
from runai_registrar.demo.story import STORY

PARTS = 6
"""Processes of a running demo: itself, etcd, kube-apiserver, the operator, and the guards of the last three."""


def test_the_whole_story_in_plain_lines(demo: Demo) -> None:
    """Without a terminal every step and its outcome are plain lines, the exit code is 0, and nothing is left."""
    code, out, err = demo.run()

    assert (code, err) == (0, "")
    headlines = [line for line in out.splitlines() if line.startswith("== ")]
    assert headlines == [f"== {number}/{len(STORY)} {step.title}" for number, step in enumerate(STORY, 1)]
    met = [re.sub(r" \([\d.]+ s\)$", "", line) for line in out.splitlines() if line.startswith("ok: ")]
    assert met == [f"ok: {expectation.what}" for step in STORY for expectation in step.expects]
    assert "spec.domain: Forbidden: domain cannot be changed once the cluster is registered" in out
    assert "1x delete_cluster 202" in out
    assert "\x1b" not in out
    assert demo.traces() == []


def test_keep_on_a_terminal(demo: Demo) -> None:
    """On a terminal a table is drawn; --keep leaves everything up for the user until Ctrl-C, then nothing is left."""
    terminal, output = pty.openpty()
    environ = {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "50"}
    with demo.start("--keep", "--pace=0", output=output, environ=environ) as process:
        os.close(output)
        shown = read_until(terminal, rb"export KUBECONFIG=(\S+)\r\n(?s:.*)export ADMIN=")
        kubeconfig = re.search(rb"KUBECONFIG=(\S+)", shown)
        assert kubeconfig
        with connect(Path(kubeconfig[1].decode())) as client:
            assert client.get("/apis/runai-registrar.io/v1alpha1/runaiclusterregistrations").status_code == 200

        process.send_signal(signal.SIGINT)
        shown += read_until(terminal, rb"nothing is left behind")
        assert process.wait(PATIENCE) == 0
    os.close(terminal)

    for part in ("NAME", "MissingPrerequisites", "↳ Run:ai", "\x1b[2K"):
        assert part.encode() in shown
    assert demo.traces() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_stopped_in_the_middle(demo: Demo, number: signal.Signals, code: int) -> None:
    """A signal in the middle of the story stops every part, says so, and gives the exit code a shell expects."""
    with demo.start("--plain") as process:
        assert process.stdout
        next(line for line in process.stdout if line.startswith(b"ok: "))
        assert len(demo.processes()) >= PARTS

        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)

    assert process.returncode == code
    assert err.decode() == "Stopped before the end of the story; nothing is left behind.\n"
    assert demo.traces() == []


def test_broken_operator(demo: Demo) -> None:
    """An operator that refuses to start ends the demo with 1 and the operator's own words, without a traceback."""
    code, out, err = demo.run(RUNAI_REGISTRAR_WORKERS="0")

    assert code == 1
    assert f"== 1/{len(STORY)}" in out
    assert err.startswith("The demo did not go as told. The operator has ended by itself, with exit code 2.")
    assert "RUNAI_REGISTRAR_WORKERS: Input should be greater than or equal to 1" in err
    assert "Traceback" not in out + err
    assert demo.traces() == []


def test_no_programs(demo: Demo, tmp_path: Path) -> None:
    """Without the API server's programs the demo ends with 2, and says what to do."""
    code, out, err = demo.run(KUBEBUILDER_ASSETS=str(tmp_path))

    assert (code, out) == (2, "")
    assert err.startswith(f"The demo cannot begin: KUBEBUILDER_ASSETS is {tmp_path}, but there is no kube-apiserver")
    assert "Traceback" not in err


@pytest.mark.parametrize("pace", ["soon", "-1", "nan"])
def test_wrong_pace(demo: Demo, pace: str) -> None:
    """A pace that is no time is refused before anything is started."""
    code, out, err = demo.run(f"--pace={pace}")

    assert (code, out) == (2, "")
    assert f"'{pace}' is not a time: a number of seconds from 0 to 3600" in err


def read_until(terminal: int, pattern: bytes) -> bytes:
    """What a terminal shows up to a pattern, or to its end."""
    shown = b""
    with suppress(OSError):  # how Linux says that the other side is closed
        while not re.search(pattern, shown):
            shown += os.read(terminal, 4096)
    return shown
