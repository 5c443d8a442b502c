"""Use a network of one size at others: resize the whole image, or cut it into tiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    import torch

# From visible (N, 3, h, w) and hole (N, 1, h, w) to an image of that size.
Complete: TypeAlias = "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"


def resized(
    complete: Complete, visible: torch.Tensor, hole: torch.Tensor, size: tuple[int, int]
) -> torch.Tensor:
    """Complete an image at another size, and bring it back by bicubic interpolation.

    A resized pixel is the mean of the known pixels that it covers, and missing if fewer than half
    of its pixels are known: hidden pixels never enter.
    """
    from torch.nn.functional import interpolate

    known = (~hole).to(visible.dtype)

    def at(image: torch.Tensor) -> torch.Tensor:
        return interpolate(image, size=size, mode="bilinear", antialias=True, align_corners=False)

    weight = at(known)
    small = at(visible * known) / weight.clamp(min=1e-6)
    missing = weight < 0.5
    made = complete(small.masked_fill(missing, 0.0), missing)
    back = interpolate(made, size=visible.shape[-2:], mode="bicubic", align_corners=False)
    return back.clamp(0, 1)


def tiled(
    complete: Complete, visible: torch.Tensor, hole: torch.Tensor, size: tuple[int, int]
) -> torch.Tensor:
    """Complete an image in overlapping tiles, blended by their distance to the tiles' edges.

    Tiles without a missing pixel are not completed.  Images below a tile are reflected to its size.
    """
    import torch

    height, width = visible.shape[-2:]
    lacking = max(0, size[0] - height), max(0, size[1] - width)
    visible, hole = (_padded(tensor, *lacking) for tensor in (visible, hole))
    total, weights = torch.zeros_like(visible), torch.zeros_like(visible[:, :1])
    window = _window(size).to(visible)
    for top in _starts(visible.shape[-2], size[0]):
        for left in _starts(visible.shape[-1], size[1]):
            place = (..., slice(top, top + size[0]), slice(left, left + size[1]))
            if bool(hole[place].any()):
                total[place] += complete(visible[place], hole[place]) * window
                weights[place] += window
    made = torch.where(weights > 0, total / weights.clamp(min=1e-6), visible)
    return made[..., :height, :width]


def _padded(tensor: torch.Tensor, bottom: int, right: int) -> torch.Tensor:
    """Reflect an image or a hole at the bottom and right; repeat the edge of too small ones."""
    from torch.nn.functional import pad

    height, width = tensor.shape[-2:]
    mode = "reflect" if bottom < height and right < width else "replicate"
    return pad(tensor.float(), (0, right, 0, bottom), mode=mode).to(tensor.dtype)


def _starts(length: int, side: int) -> list[int]:
    """Return where tiles begin: evenly, two neighbours overlap by an eighth of a side or more."""
    if length <= side:
        return [0]
    count = -(-(length - side) // (side - side // 8)) + 1
    return [round(k * (length - side) / (count - 1)) for k in range(count)]


def _window(size: tuple[int, int]) -> torch.Tensor:
    """Return weights (h, w) that fall linearly towards the edges of a tile, never to 0."""
    import torch

    rows, columns = (
        torch.minimum(torch.arange(1, n + 1), torch.arange(n, 0, -1)).float() for n in size
    )
    return torch.minimum(rows[:, None], columns[None])


POLICIES: dict[Literal["resize", "tile"], Callable[..., torch.Tensor]] = {
    "resize": resized,
    "tile": tiled,
}
