"""How kernels are compiled: by numba, without the GIL, cached where the cache stays valid."""

from __future__ import annotations

import functools
import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba

config: Any = numba.config  # its settings are attributes made at run time

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(**options: Any) -> Callable[[Function], Function]:
    """Compile a function with `numba.njit(cache=True, nogil=True, **options)`.

    The cache is in `cache_directory`: numba keys a cached function by its own file only, so that a
    change of a kernel that it calls from another file would go unnoticed.
    """

    def compile_cached(function: Function) -> Function:
        previous = config.CACHE_DIR
        config.CACHE_DIR = str(cache_directory())
        try:
            compiled: Function = numba.njit(cache=True, nogil=True, **options)(function)
            return compiled
        finally:
            config.CACHE_DIR = previous

    return compile_cached


@functools.cache
def cache_directory() -> Path:
    """Return a writable folder for compiled code, named by the hash of this package's sources.

    The first that can be written of $NUMBA_CACHE_DIR, the user's cache folder and a new temporary
    folder.
    """
    sources = sorted(Path(__file__).parent.glob("*.py"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    roots = [Path(chosen)] if chosen else []
    for root in [*roots, user_cache / "inpaint-bench"]:
        folder = root / f"patchmatch-{digest}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return folder
        except OSError:
            continue
    return Path(tempfile.mkdtemp(prefix="inpaint-bench-patchmatch-"))
