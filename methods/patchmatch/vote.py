"""Voting (Wexler et al. 2007, section 3.2): a pixel's colour from all patches that cover it."""

from __future__ import annotations

import numpy as np

from methods.patchmatch.compiled import kernel
from methods.patchmatch.nnf import Field
from methods.patchmatch.patches import Patches

# A patch whose middle is k pixels inside the hole counts 2^-k: guesses from deep
# inside do not outvote what is decided near the known pixels.  Past 24 pixels all count the same.
TRUST = 2.0 ** -np.arange(25, dtype=np.float64)


@kernel()
def weights(
    cost: np.ndarray, known: np.ndarray, depth: np.ndarray, trust: np.ndarray, typical: float
) -> np.ndarray:
    """Return every patch's float32 weight, trust / (cost + typical cost); 0 where it is not used.

    cost: of `Field`.  depth: int32 over the patches, of their middle pixel.  trust: of `TRUST`.
    """
    weight = np.zeros(known.shape, np.float32)
    for y in range(known.shape[0]):
        for x in range(known.shape[1]):
            if not known[y, x]:
                deep = min(depth[y, x], len(trust) - 1)
                weight[y, x] = trust[deep] / (cost[y, x] + typical)
    return weight


@kernel()
def vote_rows(
    scene: Patches, hole: np.ndarray, field: Field, weight: np.ndarray, stripe: tuple[int, int]
) -> tuple[np.ndarray, int]:
    """Set the hole's pixels of a stripe of rows to the weighted mean of their patches' votes.

    In a copy of the stripe's rows: uint8 (rows, W + padding, 3).  Returns it and the sum of
    absolute changes, in levels.
    """
    voted = scene.pixels[stripe[0] : stripe[1]].copy()
    rows, columns = weight.shape
    pixels, size = scene.pixels, scene.size
    source_y, source_x, _ = field
    changed = 0
    for y in range(stripe[0], stripe[1]):
        for x in range(hole.shape[1]):
            if not hole[y, x]:
                continue
            red = green = blue = total = 0.0
            for a in range(max(y - size + 1, 0), min(y, rows - 1) + 1):
                for b in range(max(x - size + 1, 0), min(x, columns - 1) + 1):
                    from_y = source_y[a, b] + y - a
                    from_x = source_x[a, b] + x - b
                    red += weight[a, b] * pixels[from_y, from_x, 0]
                    green += weight[a, b] * pixels[from_y, from_x, 1]
                    blue += weight[a, b] * pixels[from_y, from_x, 2]
                    total += weight[a, b]
            for channel, votes in enumerate((red, green, blue)):
                value = int(votes / total + 0.5)
                changed += abs(value - int(pixels[y, x, channel]))
                voted[y - stripe[0], x, channel] = value
    return voted, changed
