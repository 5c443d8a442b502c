"""The cache directory: fetched weights and Inception features; anything in it can be deleted."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from bench.api import RequestError, files


def cache_dir() -> Path:
    """Return $INPAINT_BENCH_CACHE, or ~/.cache/inpaint-bench; it need not exist yet."""
    folder = os.environ.get("INPAINT_BENCH_CACHE")
    return Path(folder).expanduser() if folder else Path.home() / ".cache" / "inpaint-bench"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file of the cache so that a reader sees all of it or none, whoever else writes it.

    Raises RequestError when the directory cannot be written.
    """
    try:
        files.write_atomic(path, data, several=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise RequestError(
            f"Cannot write to the cache {path.parent}: {error.strerror}. "
            "Set INPAINT_BENCH_CACHE to a directory that can be written."
        ) from error
