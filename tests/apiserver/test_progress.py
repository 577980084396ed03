"""What a person sees who waits."""

from runai_registrar.apiserver.progress import Stopwatch


def test_long_wait_is_told_every_ten_seconds() -> None:
    """However often it is asked, a stopwatch says the elapsed time once in ten seconds."""
    now = 0.0
    lines: list[str] = []
    watch = Stopwatch("building etcd", lines.append, lambda: now)

    for second in range(26):
        now = float(second)
        watch.tick()

    assert lines == ["  building etcd: 10 s", "  building etcd: 20 s"]
