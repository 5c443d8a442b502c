"""Methods and a mask that misbehave on purpose, for the images with the seeds that they get."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from bench.api import Completion, Inpaint


@dataclass(frozen=True)
class Mean:
    """Fill the hole with the mean of the known pixels."""

    name: ClassVar[str] = "mean"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> object:
        known = visible.sum((2, 3), keepdim=True) / (~hole).sum((2, 3), keepdim=True)
        return torch.where(hole, known, visible)

    def load(self, device: str) -> Inpaint:
        return self.fill  # type: ignore[return-value]


@dataclass(frozen=True)
class Dies(Mean):
    """Mean, but the process is killed once for each seed with a file in `folder`, ever if `always`.

    A file "tried" there is given the seeds of every call.
    """

    name: ClassVar[str] = "dies"
    folder: Path = Path()
    always: bool = False

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> object:
        if (log := self.folder / "tried").exists():
            with log.open("a") as file:
                file.write("".join(f"{seed}\n" for seed in seeds))
        for seed in seeds:
            mark = self.folder / str(seed)
            if mark.exists():
                if not self.always:
                    mark.unlink()
                os.kill(os.getpid(), signal.SIGKILL)
        return super().fill(visible, hole, seeds)


@dataclass(frozen=True)
class Hangs(Dies):
    """Mean, but it never comes back for a seed that has a file in `folder`."""

    name: ClassVar[str] = "hangs"

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> object:
        while any((self.folder / str(seed)).exists() for seed in seeds):
            time.sleep(0.1)
        return Mean.fill(self, visible, hole, seeds)


@dataclass(frozen=True)
class Picky(Mean):
    """Mean, but `fault` happens to images that are black in the corner."""

    name: ClassVar[str] = "picky"
    fault: str = "raise"

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> object:
        good = super().fill(visible, hole, seeds)
        assert isinstance(good, torch.Tensor)
        if not bool((visible[:, :, 0, 0] == 0).all(1).any()):
            return good
        if self.fault == "raise":
            raise KeyError("no such thing\nin two lines")
        if self.fault == "memory":
            raise MemoryError
        if self.fault == "memory-of-batches" and len(seeds) > 4:
            raise MemoryError
        if self.fault in {"nan", "infinite"}:
            black = (visible[:, :, :1, :1] == 0).all(1, keepdim=True)
            return good.masked_fill(black, float("nan" if self.fault == "nan" else "inf"))
        return _spoilt(self.fault, good)


def _spoilt(fault: str, good: torch.Tensor) -> object:
    """Return what a broken method would, in place of the good tensor."""
    spoilt: dict[str, object] = {
        "bytes": (good * 255).to(torch.uint8),
        "bool": good > 0.5,
        "complex": good.to(torch.complex64),
        "shape": good[:, :, ::2],
        "channels": good[:, :1],
        "flat": good[0],
        "none": None,
        "numpy": good.numpy(),
        "few-notes": Completion(good, ()[:0] or [{}] * (len(good) - 1)),
        "nan-notes": Completion(good, [{"x": float("nan")}] * len(good)),
        "odd-notes": Completion(good, [{"x": good}] * len(good)),  # type: ignore[dict-item]
    }
    return spoilt.get(fault, good)


@dataclass(frozen=True)
class Unloadable(Mean):
    """A method whose weights are broken."""

    name: ClassVar[str] = "unloadable"

    def load(self, device: str) -> Inpaint:
        raise RuntimeError("Error(s) in loading state_dict\n\tsize mismatch")


@dataclass(frozen=True)
class OddMask:
    """The left half, or what `fault` says, but for the seed that it spares."""

    name: ClassVar[str] = "odd"
    version: ClassVar[str] = "1"
    fault: str = ""
    spares: int = -1

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        hole = torch.zeros(1, height, width, dtype=torch.bool)
        hole[:, :, : width // 2] = True
        if seed == self.spares:
            return hole
        if self.fault == "raise":
            raise ZeroDivisionError("division by zero")
        if self.fault == "facts":
            return hole
        odd: dict[str, object] = {
            "empty": hole & False,
            "full": hole | True,
            "float": hole.float(),
            "flat": hole[0],
            "numpy": hole.numpy(),
            "none": None,
        }
        return odd.get(self.fault, hole)  # type: ignore[return-value]

    def facts(self, height: int, width: int, seed: int) -> dict[str, object]:
        spoilt = self.fault == "facts" and seed != self.spares
        return {"fact": torch.zeros(1) if spoilt else 1}


@dataclass(frozen=True)
class OddNames:
    """Six grey ramps under the names that `fault` says."""

    name: ClassVar[str] = "odd-names"
    version: ClassVar[str] = "1"
    size: int | None = None
    fault: str = ""

    def ids(self) -> list[str]:
        odd = {
            "": "x", "climbs": "../x", "inside": "a/../../x", "absolute": "/tmp/x", "null": "a\0b",
            "empty": "", "dot": ".", "surrogate": "\udc80", "same": "0", "doubled": "a//b",
            "backwards": "a/./b",
        }  # fmt: skip
        return ["0", "1", "2", "3", "4", odd.get(self.fault, "x")]

    def load(self, image_id: str) -> torch.Tensor:
        if image_id == "2" and self.fault == "raise":
            raise KeyError(image_id)
        if image_id == "2" and self.fault == "shape":
            return torch.zeros(16, 16)
        if image_id == "2" and self.fault == "nan":
            return torch.full((3, 16, 16), float("nan"))
        return torch.linspace(0.1, 1, 16).expand(3, 16, 16).clone()

    def fingerprint(self, image_id: str) -> str:
        return "0" * 64

    def source(self, image_id: str) -> str:
        return image_id
