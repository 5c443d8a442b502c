"""Somebody's program: fill a hand-out's images by Telea's method (2004), by numpy and Pillow alone.

    python telea.py HANDOUT OUTPUTS

A pixel on the hole's edge becomes a mean of the known pixels around it, weighted by direction,
distance and level, and the edge moves inwards in the order of its distance, by fast marching.
Outputs equal cv2.inpaint(image, hole, 3, cv2.INPAINT_TELEA) to the bit, so what the paper leaves
open is as in OpenCV: float32 sums from row to row, a step of one level at most along the gradient,
and gradients of the image's border taken one pixel inwards.

Arrays of flags and distances are one pixel larger than the image on every side.
"""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

KNOWN, BAND, INSIDE = 0, 1, 2
RADIUS = 3
FAR = np.float32(1e6)


class Front:
    """The pixels of the edge, nearest first; of equally near ones, the one that came first."""

    def __init__(self, band: np.ndarray) -> None:
        self._heap: list[tuple[float, int, int, int]] = []
        self._came = 0
        for i, j in np.argwhere(band):
            self.push(int(i), int(j), 0.0)

    def push(self, i: int, j: int, distance: float) -> None:
        heapq.heappush(self._heap, (distance, self._came, i, j))
        self._came += 1

    def march(self, flags: np.ndarray, t: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yield each pixel inside as the front comes to it, with its distance in t."""
        height, width = flags.shape
        while self._heap:
            *_, i, j = heapq.heappop(self._heap)
            flags[i, j] = KNOWN
            for y, x in ((i - 1, j), (i, j - 1), (i + 1, j), (i, j + 1)):
                inner = 0 < y < height - 1 and 0 < x < width - 1
                if inner and flags[y, x] == INSIDE:
                    t[y, x] = _distance(flags, t, y, x)
                    yield y, x
                    flags[y, x] = BAND
                    self.push(y, x, float(t[y, x]))


def _distance(flags: np.ndarray, t: np.ndarray, i: int, j: int) -> np.float32:
    """Return the least distance of the four quadrants."""
    quadrants = [((y, j), (i, x)) for y in (i - 1, i + 1) for x in (j - 1, j + 1)]
    return min(np.float32(_solve(flags, t, *pair)) for pair in quadrants)


def _solve(flags: np.ndarray, t: np.ndarray, one: tuple[int, int], two: tuple[int, int]) -> float:
    """Solve |grad T| = 1 between a neighbour above or below and one beside."""
    a, b = float(t[one]), float(t[two])
    known = [d for place, d in ((one, a), (two, b)) if flags[place] != INSIDE]
    if len(known) < 2 or abs(a - b) >= 1:
        return 1 + min(known or (a, b))
    return (a + b + math.sqrt(2 - (a - b) ** 2)) * 0.5


def inpaint(image: np.ndarray, missing: np.ndarray) -> np.ndarray:
    """Return the image with its missing pixels filled.

    image: (H, W, 3) bytes, whose missing pixels are 0; H and W at least 2.  missing: (H, W) bool.
    """
    rgb, hole = image.copy(), np.pad(missing, 1)
    band = _grown(hole, 1, cross=True) & ~hole
    t = _outside(hole, band)
    flags = np.where(hole, INSIDE, KNOWN)
    for i, j in Front(band).march(flags, t):
        rgb[i - 1, j - 1] = _filled(rgb, flags != INSIDE, t, i, j)
    return rgb


def _grown(mask: np.ndarray, radius: int, *, cross: bool = False) -> np.ndarray:
    """Return the mask grown by a square, or by a cross, up to the image's border."""
    grown, padded = np.zeros_like(mask), np.pad(mask, radius)
    steps = range(2 * radius + 1)
    for dy, dx in ((y, x) for y in steps for x in steps if not cross or radius in (y, x)):
        grown |= padded[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
    grown[[0, -1]] = grown[:, [0, -1]] = False
    return grown


def _outside(hole: np.ndarray, band: np.ndarray) -> np.ndarray:
    """Return distances before the fill: negative outside, 0 on the edge, FAR elsewhere."""
    t = np.where(band, np.float32(0), FAR)
    near = _grown(hole, RADIUS) & ~hole
    flags = np.where(near & ~band, INSIDE, KNOWN)
    for _ in Front(band).march(flags, t):
        pass
    return np.where(near, -t, t)


def _filled(rgb: np.ndarray, known: np.ndarray, t: np.ndarray, i: int, j: int) -> np.ndarray:
    """Return what a pixel becomes: (3,) bytes.  known: which pixels count."""
    height, width = rgb.shape[:2]
    k, m = np.mgrid[
        max(1, i - RADIUS) : min(height, i + RADIUS) + 1,
        max(1, j - RADIUS) : min(width, j + RADIUS) + 1,
    ]
    counts = known[k, m] & ((k - i) ** 2 + (m - j) ** 2 <= RADIUS**2)
    k, m = k[counts], m[counts]
    ry, rx = np.float32(i - k), np.float32(j - m)
    weight = _weights(known, t, (i, j), (k, m), (ry, rx))[:, None]
    gx, gy = _gradients(np.float32(rgb), known, k, m)
    jx, jy = (-_total(weight * (g * r[:, None])) for g, r in ((gx, rx), (gy, ry)))
    mean = _total(weight * np.float32(rgb[k - 1, m - 1])) / _total(weight, 1e-20)
    slope = (jx + jy) / (np.sqrt(jx * jx + jy * jy) + np.float32(1e-20))
    return np.clip(np.rint(mean + slope + np.float32(0.5)), 0, 255).astype(np.uint8)


def _weights(
    known: np.ndarray,
    t: np.ndarray,
    at: tuple[int, int],
    around: tuple[np.ndarray, np.ndarray],
    offset: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """Return |direction * distance * level| of the pixels around one: (n,) float32."""
    (i, j), (ry, rx) = at, offset
    square = np.float64(rx * rx + ry * ry)
    distance = np.float32(1 / (square * np.sqrt(square)))
    level = np.float32(1 / np.float64(1 + np.abs(t[around] - t[at])))
    beside, above = (i, slice(j - 1, j + 2)), (slice(i - 1, i + 2), j)
    tx, ty = (
        _difference(*t[line][[0, 1, 1, 2]], *known[line][[0, 2]], 0.5) for line in (beside, above)
    )
    direction = rx * tx + ry * ty
    direction = np.where(np.abs(direction) <= 0.01, np.float32(1e-6), direction)
    return np.abs(distance * level * direction)


def _gradients(
    f: np.ndarray, known: np.ndarray, k: np.ndarray, m: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences along x and y at pixels: (n, 3) float32 each."""
    height, width = f.shape[:2]
    y, up, down = np.maximum(k - 1, 1), np.maximum(k - 1, 1) - 1, np.minimum(k - 1, height - 2)
    x, left, right = np.maximum(m - 1, 1), np.maximum(m - 1, 1) - 1, np.minimum(m - 1, width - 2)
    along_x = (f[y, left], f[y, x], f[y, right], f[y, right + 1])
    along_y = (f[up, x], f[y, x], f[down, x], f[down + 1, x])
    beside = known[k, m - 1][:, None], known[k, m + 1][:, None]
    above = known[k - 1, m][:, None], known[k + 1, m][:, None]
    return _difference(*along_x, *beside, 2), _difference(*along_y, *above, 2)


def _difference(
    before: np.ndarray, low: np.ndarray, high: np.ndarray, after: np.ndarray,
    has_before: np.ndarray, has_after: np.ndarray, scale: float,
) -> np.ndarray:  # fmt: skip
    """Return the scaled central difference, a one-sided one or 0, by what is known."""
    one = np.where(has_after, after - low, np.where(has_before, high - before, np.float32(0)))
    return np.where(has_before & has_after, (after - before) * np.float32(scale), one)


def _total(terms: np.ndarray, start: float = 0.0) -> np.ndarray:
    """Return the float32 sum over the first axis, in its order."""
    first = np.full_like(terms[:1], start)
    return np.add.accumulate(np.concatenate([first, terms]), axis=0, dtype=np.float32)[-1]


if __name__ == "__main__":
    inputs, made = map(Path, sys.argv[1:])
    made.mkdir(exist_ok=True)
    for file in sorted((inputs / "images").glob("*.png")):
        white = np.array(Image.open(inputs / "masks" / file.name).convert("L")) > 127
        filled = inpaint(np.array(Image.open(file).convert("RGB")), white)
        Image.fromarray(filled).save(made / file.name)
