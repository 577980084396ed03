"""Downloading the official archive: only what has the pinned checksum is ever used."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from runai_registrar.apiserver.binaries import Search, find_or_make
from runai_registrar.apiserver.envtest import Archive, archive_for, fetch
from runai_registrar.apiserver.errors import DownloadRefusedError
from runai_registrar.apiserver.places import Platform

Website = tuple[Path, str]


def publish(website: Website, *names: str) -> Archive:
    """Put an archive with the named programs on the website."""
    folder, address = website
    path = folder / "envtest.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            content = name.encode()
            member = tarfile.TarInfo(f"controller-tools/envtest/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return Archive(f"{address}/{path.name}", hashlib.sha512(path.read_bytes()).hexdigest())


def quiet(_line: str) -> None:
    """Nobody waits here."""


def test_archive_with_the_pinned_checksum_is_unpacked(website: Website, tmp_path: Path) -> None:
    """The two servers arrive as programs, and nothing else of the archive does."""
    folder = tmp_path / "cache"

    fetch(publish(website, "etcd", "kube-apiserver", "kubectl"), folder, quiet)

    assert sorted(path.name for path in folder.iterdir()) == ["etcd", "kube-apiserver"]
    assert (folder / "etcd").read_text() == "etcd"
    assert os.access(folder / "kube-apiserver", os.X_OK)


def test_another_checksum_is_refused(website: Website, tmp_path: Path) -> None:
    """An archive with another checksum leaves nothing behind."""
    archive = publish(website, "etcd", "kube-apiserver")
    folder = tmp_path / "cache"

    with pytest.raises(DownloadRefusedError, match="not the pinned one; refused"):
        fetch(Archive(archive.url, "0" * 128), folder, quiet)
    assert list(folder.iterdir()) == []


def test_missing_archive_is_refused(website: Website, tmp_path: Path) -> None:
    """An answer 404 is no archive."""
    with pytest.raises(DownloadRefusedError, match="404"):
        fetch(Archive(f"{website[1]}/nothing.tar.gz", "0" * 128), tmp_path / "cache", quiet)


def test_archive_without_a_server_is_refused(website: Website, tmp_path: Path) -> None:
    """An archive that lacks a program is named as such, although its checksum is right."""
    with pytest.raises(DownloadRefusedError, match="has no etcd"):
        fetch(publish(website, "kube-apiserver"), tmp_path / "cache", quiet)


def test_what_is_no_archive_is_refused(website: Website, tmp_path: Path) -> None:
    """A page with the right checksum that cannot be unpacked is refused in words."""
    folder, address = website
    (folder / "page.html").write_text("<html>log in first</html>")
    checksum = hashlib.sha512((folder / "page.html").read_bytes()).hexdigest()

    with pytest.raises(DownloadRefusedError, match="cannot be unpacked"):
        fetch(Archive(f"{address}/page.html", checksum), tmp_path / "cache", quiet)


def test_download_serves_the_next_search_from_the_cache(website: Website, tmp_path: Path) -> None:
    """What was downloaded once is found in the cache afterwards."""
    archive = publish(website, "etcd", "kube-apiserver")
    search = Search({"XDG_CACHE_HOME": str(tmp_path)}, archive, say=quiet)

    assert [find_or_make(search).source, find_or_make(search).source] == ["archive", "cache"]


@pytest.mark.parametrize("machine", ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"])
def test_common_machines_have_a_pinned_archive(machine: str) -> None:
    """Linux and macOS on both architectures have an address of their own and a SHA-512."""
    archive = archive_for(Platform(*machine.split("-")))

    assert archive is not None
    assert archive.url.endswith(f"-{machine}.tar.gz")
    assert len(bytes.fromhex(archive.sha512)) == hashlib.sha512().digest_size


def test_rare_machines_have_none() -> None:
    """A machine without a pinned checksum gets no archive at all."""
    assert archive_for(Platform("linux", "riscv64")) is None
