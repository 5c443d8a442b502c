"""The peak memory of this process or of a CUDA device."""

from __future__ import annotations

import gc
import resource
from contextlib import suppress
from pathlib import Path

import torch


def reset_peak(device: str) -> None:
    """Start a new measurement of the peak memory, where the system allows it."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        torch.cuda.synchronize(device)
        return
    with suppress(OSError):  # Linux: resets VmHWM
        Path("/proc/self/clear_refs").write_text("5")


def peak(device: str) -> int:
    """Return the peak in bytes: the allocations on a CUDA device, else the resident set."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        return int(torch.cuda.max_memory_allocated(device))
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def free() -> None:
    """Release unused memory."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
