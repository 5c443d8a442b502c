"""The shapes that irregular holes grow from: curved strokes, ellipses and blobs of ellipses."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from masks.shapes import Rows, capsules, ellipses

if TYPE_CHECKING:
    from masks.drawing import Floats, Stream

STROKE_SHARE = 0.65
TURNS = 6
LOBES = 4


def scribbles(stream: Stream, height: int, width: int, count: int, size: float) -> Rows:
    """Return the rows of `count` shapes, their centres anywhere in the image.

    size: factor to their sizes; at 1 a shape covers about a tenth of the image.
    """
    centres = stream.uniform((0, 0), (width, height), (count, 2))
    scales = math.sqrt(height * width) * size * np.exp(stream.normal(0, 0.35, count))
    is_stroke = stream.uniform(size=count) < STROKE_SHARE
    strokes, blobs = np.flatnonzero(is_stroke), np.flatnonzero(~is_stroke)
    drawn = (
        (_strokes(stream, height, centres[strokes], scales[strokes]), np.repeat(strokes, TURNS)),
        (_blobs(stream, height, centres[blobs], scales[blobs]), np.repeat(blobs, LOBES)),
    )
    return Rows(
        np.concatenate([owners[rows.shape] for rows, owners in drawn]),
        np.concatenate([rows.row for rows, _ in drawn]),
        np.concatenate([rows.left for rows, _ in drawn]),
        np.concatenate([rows.right for rows, _ in drawn]),
    )


def _strokes(stream: Stream, height: int, centres: Floats, scales: Floats) -> Rows:
    """Return strokes of TURNS segments each that wander smoothly from their centre."""
    shape = (len(centres), TURNS)
    headings = stream.uniform(0, 2 * math.pi, (len(centres), 1))
    angles = headings + np.cumsum(stream.normal(0, 0.6, shape), axis=1)
    lengths = scales[:, None] * stream.uniform(0.7, 2.0, (len(centres), 1)) / TURNS
    steps = np.stack([lengths * np.cos(angles), lengths * np.sin(angles)], axis=2)
    ends = centres[:, None] + np.cumsum(steps, axis=1)
    starts = ends - steps
    segments = np.concatenate([starts, ends], axis=2).reshape(-1, 4)
    widths = np.maximum(1.0, scales * stream.uniform(0.04, 0.14, len(centres)))
    return capsules(height, segments, np.repeat(widths, TURNS))


def _blobs(stream: Stream, height: int, centres: Floats, scales: Floats) -> Rows:
    """Return blobs of LOBES ellipses each; the lobes of about a third of the blobs coincide."""
    count = len(centres)
    spread = np.where(stream.uniform(size=count) < 1 / 3, 0.0, 0.12 * scales)
    offsets = stream.normal(0, 1, (count, LOBES, 2)) * spread[:, None, None]
    lone = (spread == 0)[:, None, None]
    half_axes = scales[:, None, None] * stream.uniform(0.05, 0.2, (count, LOBES, 2))
    half_axes = np.where(lone, half_axes[:, :1], half_axes)
    angles = stream.uniform(0, math.pi, (count, LOBES))
    angles = np.where(lone[:, 0], angles[:, :1], angles)
    places = (centres[:, None] + offsets).reshape(-1, 2)
    return ellipses(height, places, np.maximum(0.5, half_axes).reshape(-1, 2), angles.reshape(-1))
