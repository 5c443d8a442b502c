"""Read and copy the chunks of PNG and WebP files: metadata, and how the pixels are packed."""

from __future__ import annotations

import struct
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Colour, density, EXIF and texts: they still hold when pixels are filled in.
KEPT = (b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"cICP", b"pHYs", b"eXIf", b"tEXt", b"zTXt", b"iTXt")


def is_wide(data: bytes) -> bool:
    """Return whether a file is a PNG with 16 bits a channel."""
    return data.startswith(SIGNATURE) and len(data) > 24 and data[24] == 16


def ancillary(data: bytes) -> bytes:
    """Return the chunks of a PNG that are kept, byte for byte."""
    return b"".join(whole for name, whole in _chunks(data) if name in KEPT)


def with_chunks(data: bytes, chunks: bytes) -> bytes:
    """Return a PNG with these chunks after its header, instead of its own chunks of those types."""
    parts = [SIGNATURE]
    for name, whole in _chunks(data):
        if name not in KEPT:
            parts.append(whole)
        if name == b"IHDR":
            parts.append(chunks)
    return b"".join(parts)


def is_lossless_webp(data: bytes) -> bool:
    """Return whether a WebP file holds exactly the pixels it was made from."""
    at = len("RIFFsizeWEBP")
    while at + 8 <= len(data):
        name, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name in (b"VP8L", b"VP8 "):
            return name == b"VP8L"
        at += 8 + length + length % 2
    return False


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the whole bytes of every chunk."""
    at = len(SIGNATURE)
    while at + 8 <= len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        end = at + 12 + length
        yield data[at + 4 : at + 8], data[at:end]
        at = end
