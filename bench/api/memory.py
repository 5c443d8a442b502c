"""Keeping freed memory for the next allocation, where the C library lets a process choose."""

from __future__ import annotations

import ctypes

# mallopt's parameters, of glibc's <malloc.h>.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees, for what comes next; return whether it could.

    glibc gives freed memory back to the system, which then clears every page of a network's maps
    anew at each image.  Other C libraries are left as they are.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return all(mallopt(which, 2**30) == 1 for which in (M_TRIM_THRESHOLD, M_MMAP_THRESHOLD))
