"""Peak memory of this process or device: reset, read, free."""

from __future__ import annotations

import gc
import resource
from contextlib import suppress
from pathlib import Path

import torch


def reset_peak(device: str) -> None:
    """Start measuring the peak memory of this process anew, where the system can."""
    if device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(device)
        torch.cuda.synchronize(device)
        return
    with suppress(OSError):  # Linux: resets VmHWM
        Path("/proc/self/clear_refs").write_text("5")


def peak(device: str) -> int:
    """Return bytes: the device's allocations on CUDA, else the peak resident set."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
        return int(torch.cuda.max_memory_allocated(device))
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def free() -> None:
    """Give unused memory back."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
