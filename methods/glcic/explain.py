"""A picture of GLCIC at work: its input, its raw and blended output, the discriminators' views."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bench.api.imaging import composite, hide, to_uint8
from bench.api.sheet import HOLE_COLOUR, Captions, draw_sheet, fit, lines_of, tile_row
from methods.glcic.blend import blend_completion
from methods.glcic.completer import NetworkCompleter
from methods.glcic.discriminators import local_crop

if TYPE_CHECKING:
    from methods.glcic import GLCIC

Array = np.ndarray[Any, np.dtype[Any]]

SIDE, COLUMNS, GAP = 220, 5, 8  # pixels of a panel, panels per row, pixels between them
CAPTIONS = Captions(height=36, at=(0, 3), size=12)


def draw(image: torch.Tensor, hole: torch.Tensor, method: GLCIC, out: Path) -> None:
    """Write the picture of one completion (PNG).

    image: (3, H, W) in [0, 1].  hole: bool (1, H, W).  Raises RequestError as the method does.
    """
    completer = method.load("cpu")
    assert isinstance(completer, NetworkCompleter)
    visible = hide(image[None], hole[None])
    raw, mean, recommended = completer.network_output(visible, hole[None])
    blended = blend_completion(raw[0], visible[0], hole)[None]
    filled = torch.where(hole, torch.tensor(mean)[:, None, None], image)
    plain = composite(image[None], raw, hole[None])
    smooth = composite(image[None], blended, hole[None])
    taken = smooth if recommended == "poisson" else plain
    panels = [
        ("given", _hidden(image, hole)),
        ("network's input: mean colour\nin the hole, and ...", _bytes(filled)),
        ("... the hole as a fourth channel", _bytes(hole.float().expand(3, -1, -1))),
        ("raw output of the network,\nwhich draws about the hole", _bytes(raw[0])),
        ("composited: known pixels\nfrom the image", _bytes(plain[0])),
        ("blended: fast marching\nat the rim, then Poisson", _bytes(smooth[0])),
        *_views("real", image, hole),
        *_views("completed", taken[0], hole),
    ]
    tiles = [(caption, fit(pixels, SIDE)) for caption, pixels in panels]
    rows = [tile_row(line, SIDE, CAPTIONS) for line in lines_of(tiles, COLUMNS)]
    draw_sheet(rows, [SIDE] * COLUMNS, gap=GAP).save(out, "PNG")


def _views(what: str, image: torch.Tensor, hole: torch.Tensor) -> list[tuple[str, Array]]:
    """Return what the two discriminators see of an image in training."""
    local = local_crop(image[None], hole[None])[0]
    return [
        (f"global discriminator's view,\n{what}", _bytes(image)),
        (f"local one's: half the side, about\nthe hole, {what}", _bytes(local)),
    ]


def _hidden(image: torch.Tensor, hole: torch.Tensor) -> Array:
    pixels = np.where(hole[0].numpy()[:, :, None], np.array(HOLE_COLOUR, np.uint8), _bytes(image))
    return np.asarray(pixels)


def _bytes(image: torch.Tensor) -> Array:
    """Return (3, H, W) in [0, 1] as uint8 (H, W, 3)."""
    return np.asarray(to_uint8(image).permute(1, 2, 0).contiguous().numpy())
