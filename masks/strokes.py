"""Brush strokes: the free-form masks of DeepFillv2, whose brush MAT uses too."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

from masks.drawing import area_scale, blank, draw_hole

if TYPE_CHECKING:
    import torch

    from masks.drawing import Hole, Stream

MEAN_ANGLE = 2 * math.pi / 5
ANGLE_RANGE = 2 * math.pi / 15
# Published for images of 256x256: lengths are N(R, R // 2) with R an eighth of the diagonal.
REFERENCE_RADIUS = 256 * math.sqrt(2) / 8


@dataclass(frozen=True)
class Brush:
    """How a stroke is drawn.

    segments, width: inclusive lower and exclusive upper bounds; width in pixels of an image of side
    `reference`, drawn as a whole number.
    """

    segments: tuple[int, int]
    width: tuple[int, int]
    reference: int


DEEPFILL = Brush(segments=(4, 12), width=(12, 40), reference=256)


@dataclass(frozen=True)
class FreeForm:
    """Brush strokes (DeepFillv2, Yu et al. 2019, algorithm 1).

    1-3 strokes of 4-11 segments, 12-39 pixels wide at 256, widths scaled with the image.
    Mean hole ratio .154 (p95 .30).
    """

    name: ClassVar[str] = "free-form"
    version: ClassVar[str] = "1"

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        """Return bool (1, H, W).  Raises RequestError below 8 pixels."""
        return draw_hole(
            height, width, seed, lambda stream: deepfill_strokes(stream, height, width)
        )


def deepfill_strokes(stream: Stream, height: int, width: int) -> Hole:
    """Return DeepFillv2's 1-3 strokes as bool (H, W)."""
    return draw_strokes(stream, height, width, int(stream.integers(1, 4)), DEEPFILL)


def draw_strokes(stream: Stream, height: int, width: int, count: int, brush: Brush) -> Hole:
    """Return `count` brush strokes as bool (H, W): capsules from vertex to vertex, ends clipped."""
    import numpy as np

    from masks.shapes import capsules, fill

    if count == 0:
        return blank(height, width)
    scale = area_scale(height, width, brush.reference)
    segments: list[tuple[float, float, float, float]] = []
    widths: list[float] = []
    for _ in range(count):
        vertices = _walk(stream, height, width, int(stream.integers(*brush.segments)))
        thickness = max(1.0, int(stream.uniform(*brush.width)) * scale)
        segments += [(*a, *b) for a, b in pairwise(vertices)]
        widths += [thickness] * (len(vertices) - 1)
    return fill(height, width, capsules(height, np.array(segments), np.array(widths)))


def _walk(stream: Stream, height: int, width: int, steps: int) -> list[tuple[float, float]]:
    """Return the vertices of one stroke: a zigzag about the horizontal, clipped to the image.

    Angles alternate between 2 pi - U(a_min, a_max) and U(a_min, a_max), with a_min and a_max drawn
    once per stroke; lengths are N(R, R // 2) in [0, 2R], R = diagonal / 8.
    """
    import numpy as np

    low = MEAN_ANGLE - stream.uniform(0, ANGLE_RANGE)
    high = MEAN_ANGLE + stream.uniform(0, ANGLE_RANGE)
    angles = stream.uniform(low, high, steps)
    angles[::2] = 2 * math.pi - angles[::2]
    radius = math.hypot(height, width) / 8
    deviation = radius * (REFERENCE_RADIUS // 2) / REFERENCE_RADIUS
    lengths = np.clip(stream.normal(radius, deviation, steps), 0, 2 * radius)
    x, y = float(stream.uniform(0, width)), float(stream.uniform(0, height))
    vertices = [(x, y)]
    steps_xy = zip(
        (lengths * np.cos(angles)).tolist(), (lengths * np.sin(angles)).tolist(), strict=True
    )
    for dx, dy in steps_xy:
        x, y = min(max(x + dx, 0.0), float(width)), min(max(y + dy, 0.0), float(height))
        vertices.append((x, y))
    return vertices
