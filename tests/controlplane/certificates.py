"""Certificates made on the spot with the openssl program: a CA, and servers it vouches for or does not."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OPENSSL = shutil.which("openssl") or "openssl"


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run([OPENSSL, *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S603  # a fixed program with the arguments below


@dataclass(frozen=True)
class Authority:
    """A certificate authority in a folder of its own."""

    folder: Path

    @property
    def pem(self) -> str:
        """The CA certificate."""
        return (self.folder / "ca.pem").read_text(encoding="ascii")

    def server(self, name: str, *, days: int = 1) -> ssl.SSLContext:
        """Return the TLS context of a server with a certificate for this name; negative days: expired."""
        key, request, certificate, extensions = (f"{name}.{suffix}" for suffix in ("key", "csr", "pem", "ext"))
        kind = "IP" if name[0].isdigit() else "DNS"
        (self.folder / extensions).write_text(f"subjectAltName={kind}:{name}\n", encoding="ascii")
        _openssl(self.folder, "req", "-new", *_NEW_KEY, "-keyout", key, "-out", request, "-subj", "/CN=server")
        signer = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial")
        lifetime = ("-days", str(days), "-extfile", extensions)
        _openssl(self.folder, "x509", "-req", "-in", request, "-out", certificate, *signer, *lifetime)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / certificate, self.folder / key)
        return context


_NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def authority(folder: Path) -> Authority:
    """Make a CA."""
    folder.mkdir()
    subject = ("-subj", "/CN=private CA", "-addext", "basicConstraints=critical,CA:TRUE")
    _openssl(folder, "req", "-x509", *_NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", *subject)
    return Authority(folder)
