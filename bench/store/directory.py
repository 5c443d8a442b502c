"""A run directory: its lock, manifest, records and PNGs (results/README.md describes them).

Facts are written by one process, the owner of the lock.  A record is appended only when its PNGs
are in place, and it holds their hashes; so PNGs need no fsync of their own: after a power cut, one
with another hash is simply made again.  Resuming hashes the PNGs that bear no seal.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from bench.api import RequestError
from bench.api.files import write_atomic
from bench.plan.ids import safe_id
from bench.store.integrity import IntegrityCache, seal_of
from bench.store.manifest import Loading, Manifest
from bench.store.record import Record, read_records

LONGEST_NAME = 240


def unwritable(path: Path, reason: str | None) -> RequestError:
    """Return the error for a folder of runs that the system, for that reason, does not take."""
    return RequestError(f"Cannot write to {path}: {reason}. Give another folder with --out.")


class RunDirectory:
    """Reads a run directory; writes it while `owned()`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seals: IntegrityCache | None = None

    @contextmanager
    def owned(self) -> Iterator[RunDirectory]:
        """Hold the directory's lock; raises RequestError when another running process has it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            file = (self.path / "lock").open("a+b")
        except OSError as error:
            raise unwritable(self.path, error.strerror) from error
        with file:
            if not _lock(file):
                raise RequestError(
                    f"{self.path} is owned by another running process. "
                    "Wait for it, or give another folder with --out."
                )
            self._seals = IntegrityCache(self.path / "seals.txt")
            try:
                yield self
            finally:
                self._seals.write()
                self._seals = None
                # Closing is not enough: a process that is just being started, in place of a worker
                # that ran too long, has a copy of the file until it has become another program.
                fcntl.flock(file, fcntl.LOCK_UN)

    def remove_if_nothing_was_done(self) -> None:
        """Remove a directory that holds no record: its run could not begin; for the owner."""
        if not self.has_records():
            for name in ("manifest.json", "lock"):
                (self.path / name).unlink(missing_ok=True)
            with suppress(OSError):  # somebody else's files stay
                self.path.rmdir()

    def manifest(self) -> Manifest | None:
        """Return the manifest, None when there is none; raises RequestError when it is broken."""
        path = self.path / "manifest.json"
        try:
            return Manifest.from_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            raise RequestError(
                f"{path} is not a readable manifest ({error}). Move the folder away and run again."
            ) from error

    def write_manifest(self, manifest: Manifest) -> None:
        """Replace the manifest atomically."""
        write_atomic(self.path / "manifest.json", manifest.to_json())

    def add_loading(self, loading: Loading) -> None:
        """Put into the manifest what a worker measured when it loaded the method."""
        if (manifest := self.manifest()) is not None:
            self.write_manifest(manifest.with_loading(loading))

    def has_records(self) -> bool:
        """Return whether any image was tried."""
        return (self.path / "records.jsonl").exists()

    def records(self) -> dict[str, Record]:
        """Return id -> the last whole record of that id, in the order of first appearance."""
        return {record.id: record for record in self.each_record()}

    def each_record(self) -> Iterator[Record]:
        """Yield the whole records one by one; of two with one id the later counts."""
        return (record for record in read_records(self.path) if record.whole)

    def drop_torn_line(self) -> bool:
        """Cut a half-written last record off; return whether there was one."""
        path = self.path / "records.jsonl"
        data = path.read_bytes() if path.exists() else b""
        if not data or data.endswith(b"\n"):
            return False
        write_atomic(path, data[: data.rfind(b"\n") + 1])
        return True

    def append(self, records: Sequence[Record]) -> None:
        """Append records in one write; the operating system keeps it when the process is killed."""
        data = b"".join(record.to_json() + b"\n" for record in records)
        path = self.path / "records.jsonl"
        try:
            with path.open("ab", buffering=0) as file:
                written = file.write(data)
                if written != len(data):  # a full disk takes a part; the rest gives the error
                    file.write(data[written:])
        except OSError as error:
            error.filename = str(path)
            raise

    def image_path(self, kind: str, image_id: str) -> Path:
        """Return where a PNG lies; raises RequestError for an id that would leave the directory."""
        return Path(self._png(kind, file_stem(image_id)))

    def write_image(self, kind: str, image_id: str, png: bytes) -> None:
        """Write a PNG atomically."""
        write_atomic(self._png(kind, file_stem(image_id)), png, durable=False)

    def is_done(self, record: Record) -> bool:
        """Return whether a record says done and its three PNGs exist and have the right hashes.

        The owner of the directory trusts the seals, and seals what it hashed.
        """
        if not record.done:
            return False
        files = self._files(record)
        seal = seal_of(files) if self._seals is not None else None
        if self._seals is not None and seal in self._seals:
            return True
        if not all(_file_hash(path) == sha256 for path, sha256 in files):
            return False
        if self._seals is not None:
            self._seals.add([seal])
        return True

    def seal(self, records: Iterable[Record]) -> None:
        """Vouch for the PNGs of records; the owner does so right after it has written them."""
        if self._seals is not None:
            self._seals.add(seal_of(self._files(record)) for record in records if record.done)

    def _png(self, kind: str, stem: str) -> str:
        """Return where a PNG lies; a str, since a resumed run asks for millions."""
        return f"{self.path}/images/{kind}/{stem}.png"

    def _files(self, record: Record) -> list[tuple[str, str | None]]:
        """Return path and sha256 of the three PNGs of a record; samples share target and hole."""
        stem = shared = file_stem(record.id)
        if record.image_id != record.id:
            shared = file_stem(record.image_id)
        return [
            (self._png("output", stem), record.sha256),
            (self._png("target", shared), record.target_sha256),
            (self._png("hole", shared), record.hole_sha256),
        ]


def _lock(file: IO[bytes]) -> bool:
    """Lock an open file; return False when another has it, or removed it a moment ago."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), os.stat(file.name))
    except OSError:
        return False


def file_stem(image_id: str) -> str:
    """Return the relative path of an id's PNG without ".png": the id itself, with two exceptions.

    A folder called "a.png" would be the file of the image "a": it becomes "a.png%".  A part longer
    than a file name may be is cut and ends in a hash of the whole.
    """
    *folders, name = safe_id(image_id).split("/")
    kept = [f"{part}%" if part.rstrip("%").endswith(".png") else part for part in folders]
    return "/".join(_short(part) for part in [*kept, name])


def _short(part: str) -> str:
    """Return a part of a path, cut to what a file system takes (255 bytes with .png and .tmp)."""
    data = part.encode()
    if len(data) <= LONGEST_NAME:
        return part
    start = data[: LONGEST_NAME - 40].decode(errors="ignore")
    return f"{start}%{hashlib.sha256(data).hexdigest()[:32]}"


def _file_hash(path: str) -> str | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
