"""What a viewer sees first: the hole's outline, and a filling of another colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.metrics.levels import check_not_empty, level_pairs

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Seam:
    """How far the steps across the hole's outline are from the truth's, in percent of the range.

    mean | |inside - outside| - |the same in the target| | over pairs of neighbours of which one is
    missing, and over channels; 0 where the filling meets its surroundings as the truth does.
    """

    name: ClassVar[str] = "seam"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), in [0, 100]; 0 for a hole without an outline in the image."""
        import torch

        ours, theirs = (image.long() for image in level_pairs(output, target, hole))
        check_not_empty(hole)
        total = torch.zeros(len(hole), dtype=torch.int64)
        count = torch.zeros(len(hole), dtype=torch.int64)
        for dim in (-1, -2):
            edge = _neighbours(hole.long(), dim) == 1
            off = (_neighbours(ours, dim) - _neighbours(theirs, dim)).abs()
            total += torch.where(edge, off, 0).flatten(1).sum(1)
            count += 3 * edge.flatten(1).sum(1)
        return total.double() / count.clamp(min=1) / 255 * 100


@dataclass(frozen=True)
class ColourShift:
    """Distance of the filling's mean colour from the truth's, in CIE L*a*b* (Delta E 1976).

    About 2 is just seen.  It is of the means over the hole: details do not count.
    """

    name: ClassVar[str] = "colour_shift"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "dE"
    higher_is_better: ClassVar[bool] = False

    def __call__(
        self, output: torch.Tensor, target: torch.Tensor, hole: torch.Tensor
    ) -> torch.Tensor:
        """Return float64 (N,), at least 0; raises RequestError for an empty hole."""
        import torch

        images = level_pairs(output, target, hole)
        check_not_empty(hole)
        means = [
            torch.stack([_mean_lab(*row) for row in zip(i, hole, strict=True)]) for i in images
        ]
        return (means[0] - means[1]).square().sum(1).sqrt()


def _neighbours(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return |x[i + 1] - x[i]| along a dimension."""
    return x.diff(dim=dim).abs()


def _mean_lab(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return the mean L*, a*, b* of uint8 (3, H, W) over the hole, float64 (3,)."""
    import torch
    from skimage.color import rgb2lab

    inside = image[:, hole[0]].T.double().numpy() / 255
    return torch.from_numpy(rgb2lab(inside[None])[0].mean(0))
