"""The cores and the devices of this machine."""

from __future__ import annotations

import os

from bench.api import RequestError


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_words(device: str) -> str:
    """Return a device as files name it: a GPU with its name, where this machine has it."""
    import torch

    if not device.startswith("cuda"):
        return f"{device} ({cores()} cores)"
    if not torch.cuda.is_available():
        return device
    return f"{device} ({torch.cuda.get_device_name(device)})"


def check_device(name: str, *, here: bool = True, option: str = "device") -> None:
    """Raise RequestError unless `name` is a device; with `here`, one that this machine has.

    option: what the message calls it.
    """
    import torch

    try:
        device = torch.device(name)
    except RuntimeError:
        raise RequestError(f"{option}={name!r} is not cpu, cuda or cuda:N.") from None
    if here and device.type == "cuda" and not torch.cuda.is_available():
        raise RequestError(f"{option}={name!r}: this machine has no CUDA device; use cpu.")
