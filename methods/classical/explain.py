"""Pictures of the baselines at work: the front of fast marching, and the biharmonic equation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.api.imaging import to_uint8
from bench.api.sheet import HOLE_COLOUR, Captions, draw_sheet, fit, lines_of, tile_row

if TYPE_CHECKING:
    import torch

    from bench.api import Inpaint

Array = np.ndarray[Any, np.dtype[Any]]

SIDE, COLUMNS, GAP = 256, 3, 8  # pixels of a panel, panels per row, pixels between them
CAPTIONS = Captions(height=20, at=(0, 3), size=12)
SHARES = (0.25, 0.5, 0.75)  # of the front's way
RINGS = 8  # lines of equal arrival


def draw_front(image: torch.Tensor, hole: torch.Tensor, inpaint: Inpaint, out: Path) -> None:
    """Write how a front fills a hole: when it arrives, and the picture after a part of its way.

    A pixel is filled when the front arrives, from those within the radius that are known by then;
    so what the front leaves behind is what the completed picture holds there.  The front moves at
    one speed: it arrives by the distance to the known pixels (Telea 2004, |grad T| = 1).
    """
    rgb, missing = _bytes(image), hole[0].numpy()
    completed = _completed(image, hole, inpaint)
    when = arrival(missing)
    panels = [
        ("given", hidden(rgb, missing)),
        ("arrival: dark first, rings of equal time", _times(when, rgb, missing)),
    ]
    for share in SHARES:
        after = hidden(completed, when > share * when.max())
        panels.append((f"after {share:.0%} of the front's way", after))
    _write([*panels, ("completed", completed)], out)


def draw_biharmonic(image: torch.Tensor, hole: torch.Tensor, inpaint: Inpaint, out: Path) -> None:
    """Write the fill, its biharmonic (0 where the equation holds), and how far it is off."""
    rgb, missing = _bytes(image), hole[0].numpy()
    completed = _completed(image, hole, inpaint)
    error = np.abs(completed.astype(float) - rgb).mean(axis=2)
    panels = [
        ("given", hidden(rgb, missing)),
        ("completed", completed),
        ("the image", rgb),
        ("biharmonic of the image: bright = far from 0", _bright(biharmonic(rgb))),
        ("of the completed one: 0 in the hole", _bright(biharmonic(completed))),
        ("difference from the image, levels: bright = 64", _bright(error, 64)),
    ]
    _write(panels, out)


def arrival(missing: Array) -> Array:
    """Return the distance of each missing pixel to the known ones, float64 (H, W); 0 for these."""
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(missing))


def biharmonic(rgb: Array) -> Array:
    """Return |Laplacian of the Laplacian| of the luminance of uint8 (H, W, 3), float64 (H, W)."""
    from scipy.ndimage import laplace

    return np.abs(laplace(laplace(rgb.astype(float).mean(axis=2))))


def hidden(rgb: Array, missing: Array) -> Array:
    """Return the picture with the missing pixels in the colour of holes."""
    return np.where(missing[:, :, None], np.array(HOLE_COLOUR, np.uint8), rgb)


def _times(when: Array, rgb: Array, missing: Array) -> Array:
    """Colour the hole by arrival, dark to light, with lines of equal time; the rest is pale."""
    from matplotlib import colormaps

    share = when / max(1.0, float(when.max()))
    coloured = (colormaps["viridis"](share)[:, :, :3] * 255).astype(np.uint8)
    ring = np.floor(share * RINGS)
    line = missing & ((ring != np.roll(ring, 1, 0)) | (ring != np.roll(ring, 1, 1)))
    coloured[line] = 255
    pale = (rgb.astype(int) + 2 * 255) // 3
    return np.where(missing[:, :, None], coloured, pale.astype(np.uint8))


def _bright(values: Array, white: float = 255) -> Array:
    """Return values as grey levels, `white` and more as white."""
    grey = (values / white * 255).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def _completed(image: torch.Tensor, hole: torch.Tensor, inpaint: Inpaint) -> Array:
    from bench.api.imaging import composite, hide

    made = inpaint(hide(image[None], hole[None]), hole[None], [0])
    return _bytes(composite(image[None], made, hole[None])[0])  # type: ignore[arg-type]


def _bytes(image: torch.Tensor) -> Array:
    """Return (3, H, W) in [0, 1] as uint8 (H, W, 3)."""
    return np.asarray(to_uint8(image).permute(1, 2, 0).contiguous().numpy())


def _write(panels: list[tuple[str, Array]], out: Path) -> None:
    """Write captioned panels as one PNG; raises OSError."""
    tiles = [(caption, fit(pixels, SIDE)) for caption, pixels in panels]
    rows = [tile_row(line, SIDE, CAPTIONS) for line in lines_of(tiles, COLUMNS)]
    draw_sheet(rows, [SIDE] * COLUMNS, gap=GAP).save(out, "PNG")
