"""What a viewer sees first: the hole's outline, and a filling of another colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from bench.api.pairs import ImagePair
from bench.metrics.levels import check_not_empty
from bench.metrics.pairwise import Pairwise

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Seam(Pairwise):
    """How far the steps across the hole's outline are from the truth's, in percent of the range.

    mean | |inside - outside| - |the same in the target| | over pairs of neighbours of which one is
    missing, and over channels; 0 where the filling meets its surroundings as the truth does.
    """

    name: ClassVar[str] = "seam"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "%"
    higher_is_better: ClassVar[bool] = False

    def of_pair(self, pair: ImagePair) -> float:
        """Return percent, in [0, 100]; 0 for a hole without an outline in the image."""
        check_not_empty(pair.hole[None])
        ours, theirs = (picture.levels.short() for picture in (pair.output, pair.target))
        total = count = 0
        for dim in (-1, -2):
            edge = pair.hole.byte().diff(dim=dim) != 0
            off = (_steps(ours, dim) - _steps(theirs, dim)).abs()
            total += int(off.masked_select(edge).sum())
            count += 3 * int(edge.sum())
        return total / max(count, 1) / 255 * 100


@dataclass(frozen=True)
class ColourShift(Pairwise):
    """Distance of the filling's mean colour from the truth's, in CIE L*a*b* (Delta E 1976).

    About 2 is just noticeable.  It compares means over the hole: details do not count.
    """

    name: ClassVar[str] = "colour_shift"
    version: ClassVar[str] = "1"
    unit: ClassVar[str] = "dE"
    higher_is_better: ClassVar[bool] = False

    def of_pair(self, pair: ImagePair) -> float:
        """Return the distance, at least 0; raises RequestError for an empty hole."""
        check_not_empty(pair.hole[None])
        ours, theirs = (_mean_lab(p.levels, pair.hole) for p in (pair.output, pair.target))
        return float((ours - theirs).square().sum().sqrt())


def _steps(x: torch.Tensor, dim: int) -> torch.Tensor:
    """Return |x[i + 1] - x[i]| along a dimension."""
    return x.diff(dim=dim).abs()


def _mean_lab(image: torch.Tensor, hole: torch.Tensor) -> torch.Tensor:
    """Return the mean L*, a*, b* of uint8 (3, H, W) over the hole, float64 (3,)."""
    import torch
    from skimage.color import rgb2lab

    inside = image[:, hole[0]].T.double().numpy() / 255
    return torch.from_numpy(rgb2lab(inside[None])[0].mean(0))
