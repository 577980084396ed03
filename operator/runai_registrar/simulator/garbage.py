"""Bodies that no client should swallow: for the `garbage` fault."""

import gzip
import json
import struct
import uuid
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Literal

from runai_registrar.simulator.answers import JSON_TYPE

Kind = Literal[
    "text",
    "html",
    "empty",
    "null",
    "wrongType",
    "missingUuid",
    "badUuid",
    "otherName",
    "otherTenant",
    "nested",
    "huge",
    "gzipBomb",
    "truncated",
    "notUtf8",
]
"""What is wrong with the body; `huge` and `truncated` are done on the wire."""

_BLOCK = b" " * 1_048_576
_HTML = b"<!DOCTYPE html><html><body><h1>Bad Gateway</h1></body></html>"
_BYTES: Mapping[str, tuple[bytes, str]] = {
    "text": (b"upstream connect error", "text/plain"),
    "html": (_HTML, "text/html; charset=utf-8"),
    "empty": (b"", JSON_TYPE),
    "null": (b"null", JSON_TYPE),
    "notUtf8": (b'{"name": "\xff\xfe"}', JSON_TYPE),
}
_EDITS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "missingUuid": lambda value: {name: field for name, field in value.items() if name != "uuid"},
    "badUuid": lambda value: value | {"uuid": "../../not-a-uuid"},
    "otherName": lambda value: value | {"name": f"{value.get('name', '')}-{uuid.uuid4().hex[:8]}"},
    "otherTenant": lambda value: value | {"tenantId": int(value.get("tenantId", 0)) + 1},
}


def spoil(kind: Kind, body: bytes, *, size: int, depth: int) -> tuple[bytes, dict[str, str]]:
    """Return a spoilt body and the headers that go with it.

    Args:
        kind: What is to be wrong.
        body: The right body, from which some kinds start.
        size: Bytes a `gzipBomb` unpacks to.
        depth: Levels of a `nested` body.
    """
    if kind in _BYTES:
        spoilt, media_type = _BYTES[kind]
        return spoilt, {"Content-Type": media_type}
    headers = {"Content-Type": JSON_TYPE}
    if kind == "nested":
        return b"[" * depth + b"]" * depth, headers
    if kind == "wrongType":
        return json.dumps({"items": _parsed(body)} if body.lstrip()[:1] == b"[" else [_parsed(body)]).encode(), headers
    if kind == "gzipBomb":
        return _gzip_bomb(size), headers | {"Content-Encoding": "gzip"}
    if kind in _EDITS:
        return json.dumps(_edited(_parsed(body), _EDITS[kind])).encode(), headers
    return body, headers


def _parsed(body: bytes) -> Any:
    return json.loads(body) if body else None


def _edited(value: Any, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_edited(item, edit) for item in value]
    return edit(value if isinstance(value, dict) else {})


def _gzip_bomb(size: int) -> bytes:
    """Return one gzip member of `size` blanks and an empty list: small on the wire, valid JSON once unpacked.

    A full flush makes each block compress to the same bytes, so a gigabyte takes no time to make.
    """
    blocks, rest = divmod(max(size - 2, 0), len(_BLOCK))
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(_BLOCK) + packer.flush(zlib.Z_FULL_FLUSH)
    last = b" " * rest + b"[]"
    end = packer.compress(last) + packer.flush(zlib.Z_FINISH)
    checksum = 0
    for _ in range(blocks):
        checksum = zlib.crc32(_BLOCK, checksum)
    checksum = zlib.crc32(last, checksum)
    length = (blocks * len(_BLOCK) + len(last)) & 0xFFFFFFFF
    return gzip.compress(b"")[:10] + block * blocks + end + struct.pack("<II", checksum, length)
