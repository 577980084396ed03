"""What the servers are told, where no running server shows it."""

from runai_registrar.apiserver.flags import apiserver_flags, etcd_flags


def test_disk_is_waited_for_only_on_request() -> None:
    """Without fsync is how etcd runs for tests, and not for benchmarks of the disk."""
    assert "--unsafe-no-fsync" in etcd_flags(fsync=False)
    assert "--unsafe-no-fsync" not in etcd_flags(fsync=True)


def test_extra_flags_come_last() -> None:
    """A flag given by the caller follows our own, so that it wins."""
    assert apiserver_flags(1, audit=True, extra=["--profiling=true"])[-1] == "--profiling=true"
