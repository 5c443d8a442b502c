"""Seals: proof that a record's PNGs had the right hashes, so a resumed run need not read them.

A seal is a digest of the record's hashes and of what the file system says of the files: inode,
size, and the times of the last change of content and of inode.  No program can set the last one:
whatever writes, replaces, copies or touches a file breaks its seal, and the file is hashed again.
The boot id is part of it too: what a power cut lost from the disk's cache is found by hashing.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

PENDING = 1024


class IntegrityCache:
    """The seals of a run directory, one per line; only a cache, so a write may fail."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending: list[bytes] = []
        try:
            self._written = set(path.read_bytes().split(b"\n"))
        except OSError:
            self._written = set()

    def __contains__(self, seal: bytes | None) -> bool:
        return seal in self._written

    def add(self, seals: Iterable[bytes | None]) -> None:
        """Add seals; they are written a thousand at a time, and by `write`."""
        self._pending += [seal for seal in seals if seal is not None]
        if len(self._pending) >= PENDING:
            self.write()

    def write(self) -> None:
        """Append what was added."""
        data = b"".join(seal + b"\n" for seal in self._pending)
        self._pending = []
        if data:
            with suppress(OSError), self._path.open("ab", buffering=0) as file:
                file.write(data)


def seal_of(files: Sequence[tuple[str, str | None]]) -> bytes | None:
    """Return the seal of files (path, sha256); None where a file or the boot id is missing."""
    boot = _boot_id()
    if boot is None:
        return None
    claims = [boot]
    for path, sha256 in files:
        try:
            at = os.stat(path)
        except OSError:
            return None
        claims.append(f"{sha256} {at.st_ino} {at.st_size} {at.st_mtime_ns} {at.st_ctime_ns}")
    return hashlib.sha256("\n".join(claims).encode()).hexdigest()[:32].encode()


@cache
def _boot_id() -> str | None:
    """Return what identifies this start of the machine; None on systems other than Linux."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
