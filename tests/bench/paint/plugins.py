"""Methods for the page: some raise, hang, die or run out of memory, one shows its steps."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from bench.api import Completion, Inpaint, WatchSteps


@dataclass(frozen=True)
class Grey:
    """Fill the hole with grey."""

    name: ClassVar[str] = "grey"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True

    def load(self, device: str) -> Inpaint:
        return self.fill  # type: ignore[return-value]

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return visible.masked_fill(hole, 0.5)


@dataclass(frozen=True)
class Faulty(Grey):
    """Do what `fault` says instead."""

    name: ClassVar[str] = "faulty"
    fault: str = "raise"

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        if self.fault == "raise":
            raise KeyError("no such thing\nin two lines <b>")
        if self.fault == "memory":
            raise MemoryError
        if self.fault == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fault == "hang":
            time.sleep(600)
        return super().fill(visible, hole, seeds)


@dataclass(frozen=True)
class Noise(Grey):
    """Fill the hole with noise of the seed."""

    name: ClassVar[str] = "noise"

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        from bench.api.seeds import NoiseStreams

        return torch.where(hole, NoiseStreams(seeds).uniform(visible.shape[1:]), visible)


@dataclass(frozen=True)
class Stepper(Grey):
    """Grow lighter in four steps, of `pause` seconds each."""

    name: ClassVar[str] = "stepper"
    pause: float = 0.4

    def load(self, device: str) -> Inpaint:
        return _Steps(self.pause, lambda level, levels, images: None)


@dataclass(frozen=True)
class _Steps:
    pause: float
    watch: WatchSteps

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> Completion:
        for level in (3, 2, 1, 0):
            time.sleep(self.pause)
            self.watch(level, 4, visible.masked_fill(hole, 1 - level / 4))
        return Completion(visible.masked_fill(hole, 1.0), [{"evaluations": 4}] * len(seeds))

    def watched(self, watch: WatchSteps) -> Inpaint:
        return _Steps(self.pause, watch)
