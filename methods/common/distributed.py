"""One process or several: what torchrun says about this process, and gradients shared by DDP."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from bench.api import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Process:
    """This process's place among `count` training processes.  rank: 0..count-1; 0 writes files."""

    device: str = "cpu"
    rank: int = 0
    count: int = 1

    def share(self, batch: int) -> int:
        """Return this process's part of a batch; raises RequestError when it does not divide."""
        if batch % self.count:
            raise RequestError(f"batch={batch} is not a multiple of the {self.count} processes")
        return batch // self.count

    def wrap(self, network: nn.Module) -> nn.Module:
        """Return a module whose backward averages gradients over the processes (torch's DDP)."""
        if self.count == 1:
            return network
        devices = [self.device] if self.device.startswith("cuda") else None
        return nn.parallel.DistributedDataParallel(network, device_ids=devices)


@contextlib.contextmanager
def joined(device: str = "cpu") -> Iterator[Process]:
    """Return this process's place: alone, or one of those that `torchrun` started.

    device: "cpu", "cuda" or "cuda:1"; under torchrun "cuda" becomes this process's own device.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield Process(device)
        return
    rank, local = int(os.environ["RANK"]), int(os.environ.get("LOCAL_RANK", "0"))
    if device.startswith("cuda"):
        device = f"cuda:{local}"
        torch.cuda.set_device(local)
    torch.distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Process(device, rank, count)
    finally:
        torch.distributed.destroy_process_group()
