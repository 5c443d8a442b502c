"""What a program or a network sees where pixels are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

Hidden = Literal["black", "grey", "mean"]


def fill_hole(visible: torch.Tensor, hole: torch.Tensor, how: Hidden) -> torch.Tensor:
    """Return images (N, 3, H, W) with holes (N, 1, H, W) filled; what was in them never enters.

    how: 0, 1/2, or the mean of the known pixels of each image and channel.
    """
    import torch

    known = visible.masked_fill(hole, 0.0)
    if how == "black":
        return known
    if how == "grey":
        return known.masked_fill(hole, 0.5)
    mean = known.flatten(2).sum(2) / (~hole).flatten(2).sum(2).clamp(min=1)
    return torch.where(hole, mean[:, :, None, None], known)
