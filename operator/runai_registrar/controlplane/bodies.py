"""Reads a body piece by piece, and never more of it than was agreed, packed or unpacked (no I/O of its own)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_GZIP = 16 + zlib.MAX_WBITS


class UnreadableBody(Exception):  # noqa: N818  # it says what is so, like the public ones
    """The body is too large, cut off, or packed in a way that was not asked for; the text says which."""


class _Unpacker(Protocol):
    """What turns pieces off the wire into content."""

    def feed(self, piece: bytes, room: int) -> bytes:
        """Return the content of one piece, at most `room` bytes of it."""

    def finish(self) -> None:
        """Raise UnreadableBody if content is missing."""


class _Plain:
    """Content that is not packed; HTTP itself says whether it is complete."""

    def feed(self, piece: bytes, room: int) -> bytes:
        return piece[:room]

    def finish(self) -> None:
        """Nothing can be missing."""


class _Gzip:
    """gzip, inflated no further than there is room: a bomb costs its packed size and one byte over the limit."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(_GZIP)

    def feed(self, piece: bytes, room: int) -> bytes:
        try:
            return self._inflater.decompress(piece, room)
        except zlib.error:
            raise UnreadableBody("its gzip encoding is broken") from None

    def finish(self) -> None:
        if not self._inflater.eof:
            raise UnreadableBody("its gzip encoding is cut off")


def _unpacker(encoding: str) -> _Unpacker:
    match encoding.strip().lower():
        case "" | "identity":
            return _Plain()
        case "gzip" | "x-gzip":
            return _Gzip()
        case _:
            raise UnreadableBody("it is packed in a way that was not asked for")


async def read_body(pieces: AsyncIterator[bytes], encoding: str, limit: int) -> bytes:
    """Return the content of a body.

    Args:
        pieces: As they come off the wire.
        encoding: The Content-Encoding header; empty if there is none.
        limit: Bytes that neither the packed nor the unpacked body may exceed.

    Raises:
        UnreadableBody: It is larger, cut off, or packed otherwise than with gzip.
    """
    unpacker = _unpacker(encoding)
    content = bytearray()
    packed = 0
    async for piece in pieces:
        packed += len(piece)
        content += unpacker.feed(piece, limit + 1 - len(content))
        if max(packed, len(content)) > limit:
            raise UnreadableBody(f"it is larger than {limit} bytes")
    if packed:
        unpacker.finish()
    return bytes(content)
