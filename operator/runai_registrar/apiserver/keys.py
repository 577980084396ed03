"""The secrets of one server: made anew for each, readable by this user only."""

import base64
import os
import secrets
from pathlib import Path

ADMIN = "test-admin"
"""The user of the static token, a member of ``system:masters``."""

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
# RFC 5915 ECPrivateKey in DER: SEQUENCE(INTEGER 1, OCTET STRING of 32 bytes, [0] the OID of P-256), without the
# optional public key, which Go computes.
_DER_HEAD = bytes.fromhex("30310201010420")
_DER_TAIL = bytes.fromhex("a00a06082a8648ce3d030107")


def new_token() -> str:
    """A random bearer token."""
    return secrets.token_urlsafe(32)


def new_signing_key() -> str:
    """A new ECDSA P-256 private key in PEM, for signing service-account tokens; no tool or package is needed for it."""
    scalar = secrets.randbelow(_P256_ORDER - 1) + 1
    body = base64.b64encode(_DER_HEAD + scalar.to_bytes(32, "big") + _DER_TAIL).decode()
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    return "\n".join(["-----BEGIN EC PRIVATE KEY-----", *lines, "-----END EC PRIVATE KEY-----", ""])


def token_file(token: str) -> str:
    """The static token file of kube-apiserver (``--token-auth-file``): token, user, uid, groups."""
    return f'{token},{ADMIN},{ADMIN},"system:masters"\n'


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read (0600), replacing another one in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    scratch.replace(path)
