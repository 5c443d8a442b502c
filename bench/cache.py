"""The cache directory: fetched weights and Inception features; anything in it can be deleted."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from bench.api import RequestError


def cache_dir() -> Path:
    """Return $INPAINT_BENCH_CACHE, or ~/.cache/inpaint-bench; it need not exist yet."""
    given = os.environ.get("INPAINT_BENCH_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "inpaint-bench"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file of the cache so that a reader sees all of it or none, whoever else writes it.

    Raises RequestError when the directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise RequestError(
            f"Cannot write to the cache {path.parent}: {error.strerror}. "
            "Set INPAINT_BENCH_CACHE to a directory that can be written."
        ) from error
    fill_and_rename(handle, Path(temporary), path, data)


def fill_and_rename(handle: int, temporary: Path, path: Path, data: bytes) -> None:
    """Write data to an open temporary file, flush it to disk and rename it to `path`.

    The temporary file is unique (mkstemp), so that several processes may write one path.
    """
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
