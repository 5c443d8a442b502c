"""Does a photograph show the query's own scene: at another crop, another scale, mirrored?

`duplicates` finds a query that is a part of the photograph.  Here the two need only overlap: what
the keypoints of the query's known pixels propose, the correlation of the pixels that both show
decides.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np

from methods.common.duplicates import climb, correlation, shrink, shrink_known
from methods.common.keypoints import Keypoints, Overlay, find_keypoints, overlays

Array = np.ndarray[Any, np.dtype[Any]]

FINE = 64  # at most this short side for the comparison that decides
WIDEST = 6.0  # the ratio of the two images' scales, and its inverse
OVERLAP, PIXELS = 0.05, 60  # share of the query's known pixels, and their number at the fine size
# Correlation past which the two show the same, by the keypoints that agree.  Of 19,700 pairs of
# other photographs, half of them at 64 and half at 256, 773 have two that agree, and correlate at
# .913 at most; 30 have more, and correlate at .703 at most.
SAME = {2: 0.95, 3: 0.9}
REMEMBERED = 256  # photographs whose keypoints are kept: about 100 kB each


@dataclass(frozen=True)
class View:
    """A query one way round: float32 (H, W) luminance in [0, 1], bool (H, W) known, keypoints."""

    grey: Array
    known: Array
    keypoints: Keypoints


def both_ways(image: Array, known: Array) -> tuple[View, View]:
    """Return a query and its mirror image; float32 (H, W, 3) in [0, 1] and bool (H, W)."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    view = View(grey, known, find_keypoints(grey, known))
    mirrored = view.keypoints.mirrored(grey.shape[1])
    return view, View(_flip(grey), _flip(known), mirrored)


def _flip(image: Array) -> Array:
    return np.ascontiguousarray(image[:, ::-1])


@dataclass
class Viewer:
    """Looks for the scenes of queries in photographs; keeps the keypoints of recent photographs."""

    _keypoints: OrderedDict[object, Keypoints] = field(default_factory=OrderedDict)

    def shows(self, views: tuple[View, ...], key: object, photograph: Array) -> bool:
        """Return whether a photograph shows the scene of a query, any of its `views`.

        key: names the photograph in the memory.  photograph: uint8 (H, W, 3).
        """
        grey = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        if key not in self._keypoints:
            self._keypoints[key] = find_keypoints(grey)
            if len(self._keypoints) > REMEMBERED:
                self._keypoints.popitem(last=False)
        self._keypoints.move_to_end(key)
        return any(
            _agree(view, grey, overlay)
            for view in views
            for overlay in overlays(view.keypoints, self._keypoints[key], min(view.grey.shape))
        )


def _agree(view: View, photograph: Array, overlay: Overlay) -> bool:
    """Return whether an overlay, climbed to subpixel place, shows the same twice."""
    ratio = overlay.scale * min(view.grey.shape) / min(photograph.shape)
    if overlay.matches < min(SAME) or not 1 / WIDEST < ratio < WIDEST:
        return False
    # As fine as the coarser of the two.
    factor = min(1.0, FINE / min(view.grey.shape), overlay.scale)
    template, weight = shrink_known(view.grey, view.known, factor)
    height, width = template.shape
    step = overlay.scale * view.grey.shape[1] / width
    # Twice the template's size: an average of 2x2 samples is then the template's pixel.
    size = tuple(max(1, round(n * min(1.0, 2 / step))) for n in photograph.shape)
    zoom = size[1] / photograph.shape[1]
    corner = np.array([overlay.top, overlay.left]) + (1 - overlay.scale) / 2
    centre = (corner + step * np.array([height, width]) / 2) * zoom
    score = _scorer(shrink(photograph, (size[0], size[1])), template, weight, step * zoom)
    place = np.array([*centre, 1.0])
    same = SAME[min(overlay.matches, max(SAME))]
    return climb(score, place, np.array([step * zoom, step * zoom, 0.03]), same) > same


def _scorer(
    photograph: Array, template: Array, weight: Array, step: float
) -> Callable[[Array], float]:
    """Return what scores a place: y and x of the template's centre, and its scale over `step`.

    y and x count from the photograph's corner, and `step` is its pixels per pixel of the template.
    """
    height, width = template.shape
    rows, columns = np.arange(height) + 0.5 - height / 2, np.arange(width) + 0.5 - width / 2
    least = max(OVERLAP * float(weight.sum()), PIXELS)

    def inside(centre: float, offsets: Array, half: float, length: int) -> Array:
        places = centre + 2 * half * offsets
        return (places >= half) & (places <= length - half)

    def score(place: Array) -> float:
        y, x, scale = float(place[0]), float(place[1]), step * float(place[2])
        covered = np.outer(
            inside(y, rows, scale / 2, photograph.shape[0]),
            inside(x, columns, scale / 2, photograph.shape[1]),
        )
        both = weight * covered
        if both.sum() < least:
            return -1.0
        half = scale / 2
        left, top = x - half * (width - 0.5) - 0.5, y - half * (height - 0.5) - 0.5
        seen = cv2.warpAffine(
            photograph,
            np.array([[half, 0, left], [0, half, top]]),
            (2 * width, 2 * height),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return correlation(shrink(seen, (height, width)), template, both)

    return score
