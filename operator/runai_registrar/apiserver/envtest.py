"""The official archive of kube-apiserver and etcd, made for tests by kubernetes-sigs/controller-tools.

Names, addresses and checksums are those of ``envtest-releases.yaml`` there. The archive has no kube-controller-manager.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx

from runai_registrar.apiserver.errors import DownloadRefusedError
from runai_registrar.apiserver.places import APISERVER, ETCD, Platform
from runai_registrar.apiserver.progress import Say, Stopwatch

ENVTEST_VERSION = "1.36.2"
"""The newest release there."""

_ADDRESS = "https://github.com/kubernetes-sigs/controller-tools/releases/download/envtest-v{v}/envtest-v{v}-{p}.tar.gz"
_TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # a machine without internet must go on quickly
_SHA512 = {
    "darwin-amd64": "b4fe9f973cd1992e3880f8b230ed32c0c243b83371591e3e3315f4404df2cdbe"
    "f8ee94eeb9bb245b7e5feb987d5c4a76c43e0877654ab73f00d7bbc2b9984514",
    "darwin-arm64": "9278f9e5af556b2f1f2d139769c1f0d717c7b4426917fdebdba898bcb725a916"
    "e4910d6160886194ff9be9589ea7c5c32c2b8ae0754703874b7c8ba8ddfc41ce",
    "linux-amd64": "ea743186c8a799f5cf8faf16969f86189d003cb7d130e0ac4b58789f1e5748dc"
    "f30ebe91c837a10d5ac415383da3e10b9e64d65785c938c23e739781cfb76f08",
    "linux-arm64": "2d72ee985a8e262a3c57dc9f7f0fd891f6a8c7bf7ebaa2db6dc6d8eac8ae2818"
    "1afe51c1f368b67756cdb40b10de9b205609e1726e5f27f7c6d824dd9c6649ac",
}


@dataclass(frozen=True)
class Archive:
    """Where an archive is, and the SHA-512 it must have (hex)."""

    url: str
    sha512: str


def archive_for(machine: Platform) -> Archive | None:
    """The pinned archive for a machine, or None where there is none."""
    checksum = _SHA512.get(str(machine))
    return Archive(_ADDRESS.format(v=ENVTEST_VERSION, p=machine), checksum) if checksum else None


def fetch(archive: Archive, folder: Path, say: Say) -> None:
    """Download, check and unpack kube-apiserver and etcd into a folder; a refused archive leaves nothing there.

    Raises:
        DownloadRefusedError: no answer, an error status, another checksum, or a program missing in the archive.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as scratch:
        packed = Path(scratch) / "archive.tar.gz"
        found = _download(archive.url, packed, say)
        if found != archive.sha512:
            raise DownloadRefusedError(f"{archive.url} has the SHA-512 {found[:16]}…, not the pinned one; refused")
        _unpack(packed, Path(scratch))
        for name in (APISERVER, ETCD):
            (Path(scratch) / name).replace(folder / name)


def _download(url: str, target: Path, say: Say) -> str:
    say(f"downloading {url}")
    watch = Stopwatch("downloading", say)
    digest = hashlib.sha512()
    try:
        with _client(url) as client, client.stream("GET", url) as answer, target.open("wb") as file:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                digest.update(chunk)
                file.write(chunk)
                watch.tick()
    except httpx.HTTPError as error:
        raise DownloadRefusedError(f"{url} cannot be downloaded: {type(error).__name__} {error}") from error
    return digest.hexdigest()


def _client(url: str) -> httpx.Client:
    # A release download is redirected to a storage host; the checksum decides, not the host.
    loopback = urlsplit(url).hostname == "127.0.0.1"
    return httpx.Client(timeout=_TIMEOUT, follow_redirects=True, trust_env=not loopback)


def _unpack(packed: Path, folder: Path) -> None:
    wanted = {APISERVER, ETCD}
    try:
        with tarfile.open(packed) as archive:
            for member in archive:
                name = Path(member.name).name
                if name in wanted and (content := archive.extractfile(member)):
                    _write_program(content, folder / name)
                    wanted.remove(name)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DownloadRefusedError(f"the archive cannot be unpacked: {error}") from error
    if wanted:
        raise DownloadRefusedError(f"the archive has no {' and no '.join(sorted(wanted))}")


def _write_program(content: IO[bytes], path: Path) -> None:
    with content, path.open("wb") as file:
        shutil.copyfileobj(content, file)
        os.fchmod(file.fileno(), 0o755)
