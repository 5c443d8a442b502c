"""Deliberately bad plug-ins of each kind: the contract checks must catch every one."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from bench.api import Inpaint

CALLS = itertools.count()


@dataclass(frozen=True)
class Good:
    name: ClassVar[str] = "good"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True

    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        known = visible.masked_fill(hole, 0).sum((2, 3), keepdim=True)
        mean = known / (~hole).sum((2, 3), keepdim=True)
        return torch.where(hole, mean.expand_as(visible), visible)

    def load(self, device: str) -> Inpaint:
        return self.fill


class Peeks(Good):
    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return visible.mean((2, 3), keepdim=True).expand_as(visible).contiguous()


class NotANumber(Good):
    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return visible.masked_fill(hole, float("nan"))


class WrongShape(Good):
    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return visible[:, :, ::2, ::2]


class OutOfRange(Good):
    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return super().fill(visible, hole, seeds) * 255


class DependsOnBatch(Good):
    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        mean = visible.masked_fill(hole, 0).mean()
        return torch.where(hole, mean, visible)


class Mutates(Good):
    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return visible.masked_fill_(hole, 0.5)


class Forgets(Good):
    def fill(self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]) -> torch.Tensor:
        return torch.where(hole, (next(CALLS) % 97) / 97, visible)


METHODS = {
    Peeks: "under the hole",
    NotANumber: "not finite",
    WrongShape: "returned",
    OutOfRange: r"outside \[0, 1\]",
    DependsOnBatch: "differs from the image alone",
    Mutates: "inputs were changed",
    Forgets: "a second call differs",
}


@dataclass(frozen=True)
class GoodMask:
    name: ClassVar[str] = "good"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        hole = torch.zeros(1, height, width, dtype=torch.bool)
        hole[0, seed % height] = True
        return hole


class EmptyMask(GoodMask):
    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        return torch.zeros(1, height, width, dtype=torch.bool)


class FullMask(GoodMask):
    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        return torch.ones(1, height, width, dtype=torch.bool)


class FloatMask(GoodMask):
    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        return super().__call__(height, width, seed).float()


class FlatMask(GoodMask):
    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        return super().__call__(height, width, seed)[0]


class SaltedMask(GoodMask):
    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        return super().__call__(height, width, abs(hash(f"salted {seed}")))


class RestlessMask(GoodMask):
    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        return super().__call__(height, width, next(CALLS))


MASKS = {
    EmptyMask: "empty or full",
    FullMask: "empty or full",
    FloatMask: "not bool",
    FlatMask: "returned",
    RestlessMask: "the same seed",
}


@dataclass(frozen=True)
class GoodDataset:
    name: ClassVar[str] = "good"
    version: ClassVar[str] = "1"
    size: int | None = 16

    def ids(self) -> list[str]:
        return ["a", "b"]

    def load(self, image_id: str) -> torch.Tensor:
        return torch.full((3, 16, 16), 0.5 if image_id == "a" else 0.25)

    def fingerprint(self, image_id: str) -> str:
        return image_id * 64

    def source(self, image_id: str) -> str:
        return image_id


class TwiceTheSameId(GoodDataset):
    def ids(self) -> list[str]:
        return ["a", "a"]


class Bytes(GoodDataset):
    def load(self, image_id: str) -> torch.Tensor:
        return torch.zeros(3, 16, 16, dtype=torch.uint8)


class Loud(GoodDataset):
    def load(self, image_id: str) -> torch.Tensor:
        return super().load(image_id) * 255


class OtherSize(GoodDataset):
    def load(self, image_id: str) -> torch.Tensor:
        return torch.zeros(3, 8, 16)


class Holey(GoodDataset):
    def load(self, image_id: str) -> torch.Tensor:
        return torch.full((3, 16, 16), float("nan"))


DATASETS = {
    TwiceTheSameId: "not unique",
    Bytes: "not float32",
    Loud: r"leaves \[0, 1\]",
    OtherSize: "load returned",
    Holey: "not finite",
}


@dataclass(frozen=True)
class GoodMetric:
    name: ClassVar[str] = "good"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool] = False

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        return (output - target).double().abs().mean((1, 2, 3))


class WrongWay(GoodMetric):
    higher_is_better: ClassVar[bool] = True


class Lumped(GoodMetric):
    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        return (output - target).double().abs().mean().expand(len(output))


class Single(GoodMetric):
    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        return super().__call__(output, target, hole).float()


class Writes(GoodMetric):
    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        return output.sub_(target).double().abs().mean((1, 2, 3))


METRICS = {
    WrongWay: "does not score worse",
    Lumped: "differs from its single images",
    Single: "not float64",
    Writes: "inputs were changed",
}
