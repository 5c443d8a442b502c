"""An output beside its target, decoded and checked once for all metrics that look at it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch


@dataclass(frozen=True, eq=False)
class Picture:
    """One 8-bit image.

    levels: uint8 (3, H, W), not to be changed.  kept: what metrics computed of it and may want
    again, each under a key of its own; it goes with the picture.
    """

    levels: torch.Tensor
    kept: dict[Hashable, object] = field(default_factory=dict, repr=False)

    @cached_property
    def planes(self) -> np.ndarray:
        """The levels as float64 (3, H, W), in [0, 255]."""
        planes: np.ndarray = self.levels.double().numpy()
        return planes


@dataclass(frozen=True, eq=False)
class ImagePair:
    """An output, its target and the hole between them.

    hole: bool (1, H, W).  kept: as a Picture's, of what is computed of both.  Pictures may be
    shared: a target by the outputs of several methods.
    Raises RequestError for shapes or types that are not these.
    """

    output: Picture
    target: Picture
    hole: torch.Tensor
    kept: dict[Hashable, object] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        from bench.api import RequestError

        shape = tuple(self.target.levels.shape)
        for name, picture in (("output", self.output), ("target", self.target)):
            levels = picture.levels
            if len(shape) != 3 or tuple(levels.shape) != (3, *shape[1:]):
                raise RequestError(
                    f"An {name} of {tuple(levels.shape)} beside a target of {shape}: metrics "
                    "compare two (3, H, W) images of one size."
                )
        if tuple(self.hole.shape) != (1, *shape[1:]) or str(self.hole.dtype) != "torch.bool":
            raise RequestError(
                f"A hole is bool {(1, *shape[1:])} here, not "
                f"{self.hole.dtype} {tuple(self.hole.shape)}."
            )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        height, width = self.target.levels.shape[-2:]
        return height, width

    @cached_property
    def tensors(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Output, target and hole as an ImageMetric takes them, a batch of one."""
        output, target = (p.levels[None].float() / 255 for p in (self.output, self.target))
        return output, target, self.hole[None]
