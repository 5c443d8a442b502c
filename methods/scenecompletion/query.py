"""What a completion starts from: a photograph, a part of its hole and that part's context."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from scipy import ndimage

from methods.common.duplicates import shrink
from methods.scenecompletion.gist import fill_smoothly
from methods.scenecompletion.scenes import lab

Array = np.ndarray[Any, np.dtype[Any]]

RADIUS = 80 / 1024  # of the short side: the paper's 80 pixels
FLAT = 25.0  # least cost of an uncovered context pixel: 5 units of L*a*b*, squared


def context_radius(height: int, width: int) -> int:
    """Return the reach of the context in pixels: 80 at 1024, 20 at 256, never under 2."""
    return max(2, round(min(height, width) * RADIUS))


def parts(hole: Array) -> list[Array]:
    """Split a hole into parts that are farther apart than twice the context; bool (H, W) each."""
    reach = ndimage.distance_transform_edt(~hole) <= context_radius(*hole.shape)
    labels, count = ndimage.label(reach, structure=np.ones((3, 3)))
    return [hole & (labels == k) for k in range(1, count + 1)]


@dataclass(frozen=True)
class Query:
    """A photograph and one part of its hole.

    rgb: float32 (H, W, 3) in [0, 1], smooth inside the hole.  known: bool (H, W), outside every
    hole.  part: bool (H, W), the hole to complete now.
    """

    rgb: Array
    known: Array
    part: Array

    @cached_property
    def radius(self) -> int:
        """The reach of the context in pixels."""
        return context_radius(*self.known.shape)

    @cached_property
    def distance(self) -> Array:
        """Each pixel's distance to the part, in pixels."""
        return np.asarray(ndimage.distance_transform_edt(~self.part), dtype=np.float32)

    @cached_property
    def context(self) -> Array:
        """bool (H, W): known pixels near the part."""
        return self.known & (self.distance <= self.radius)

    @cached_property
    def context_places(self) -> tuple[Array, Array]:
        """The context's pixels row by row: int64 (n,), their rows and their columns."""
        rows, columns = np.nonzero(self.context)
        return rows, columns

    @cached_property
    def context_lab(self) -> Array:
        """float32 (n, 3), L*a*b* of the context's pixels."""
        return np.asarray(self.lab[self.context])

    @cached_property
    def lab(self) -> Array:
        """float32 (H, W, 3), L*a*b*."""
        return lab(self.rgb)

    @cached_property
    def texture(self) -> Array:
        """float32 (H, W), see `texture`."""
        return texture(self.lab)

    @cached_property
    def core(self) -> tuple[int, int, int, int]:
        """What a scene must cover, the part and a pixel around: rows r0:r1, columns c0:c1."""
        return _bounds(ndimage.binary_dilation(self.part, np.ones((3, 3), dtype=bool)))

    @cached_property
    def frame(self) -> tuple[int, int, int, int]:
        """Rows and columns (r0, r1, c0, c1) of the part and its context."""
        return _bounds(
            self.context | ndimage.binary_dilation(self.part, np.ones((3, 3), dtype=bool))
        )

    @cached_property
    def uncovered_cost(self) -> float:
        """Cost of a context pixel that the scene misses: as much as the context's mean colour."""
        colours = self.lab[self.context]
        return max(FLAT, float(colours.var(axis=0).sum())) if len(colours) else FLAT

    def reduced(self, short_side: int) -> tuple[Query, float]:
        """Return the query shrunk to a short side and the factor; itself when it is no larger."""
        height, width = self.known.shape
        factor = short_side / min(height, width)
        if factor >= 1:
            return self, 1.0
        size = (round(height * factor), round(width * factor))
        missing = shrink((~self.known).astype(np.float32), size) > 1e-3
        part = shrink(self.part.astype(np.float32), size) > 1e-3
        return Query(shrink(self.rgb, size), ~(missing | part), part), factor


def make_query(visible: Array, hole: Array, part: Array) -> Query:
    """Return the query of one part; visible: float32 (H, W, 3), read outside the hole only."""
    return Query(fill_smoothly(visible, ~hole), ~hole, part)


def texture(image_lab: Array) -> Array:
    """Return the 5x5 median of the gradient magnitude of L*: float32 (H, W)."""
    luminance = np.ascontiguousarray(image_lab[:, :, 0])
    down = cv2.Sobel(luminance, cv2.CV_32F, 0, 1, scale=1 / 8)
    right = cv2.Sobel(luminance, cv2.CV_32F, 1, 0, scale=1 / 8)
    return np.asarray(cv2.medianBlur(np.hypot(down, right).astype(np.float32), 5))


def _bounds(mask: Array) -> tuple[int, int, int, int]:
    """Return the bounding rows and columns of a mask: r0, r1, c0, c1, ends exclusive."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
