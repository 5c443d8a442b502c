"""LaMa's strokes against its algorithm and against OpenCV, which draws them there."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from scipy import ndimage, stats

from bench import plugins
from bench.api.seeds import derive_seed, numpy_stream
from masks import lama
from masks.lama_strokes import draw_segments, paint

TABLES = {"thin": lama.THIN, "medium": lama.MEDIUM, "thick": lama.THICK}


@pytest.mark.parametrize("preset", [256, 512])
@pytest.mark.parametrize("kind", TABLES)
def test_segments_are_painted_as_opencv_draws_lines(kind: str, preset: int) -> None:
    table = TABLES[kind][preset]
    differing, ours, theirs = 0, 0, 0
    for seed in range(20):
        stream = numpy_stream(derive_seed("lama", kind, preset, seed))
        segments, thickness = draw_segments(stream, table, preset, preset)
        painted = paint(segments, thickness, preset, preset, 1.0)
        canvas = np.zeros((preset, preset), np.uint8)
        for (x0, y0, x1, y1), width in zip(segments.astype(int), thickness, strict=True):
            cv2.line(canvas, (int(x0), int(y0)), (int(x1), int(y1)), 1, int(width))
        differing += int((painted ^ (canvas > 0)).sum())
        ours, theirs = ours + int(painted.sum()), theirs + int(canvas.sum())
    # .010 and .0008 (thin, 256); with vertices between pixels and a rim of .8 it was .075 and .011.
    assert differing < 0.012 * theirs
    assert ours == pytest.approx(theirs, rel=0.002)


def test_vertices_are_whole_pixels_inside_the_image() -> None:
    for seed in range(10):
        segments, thickness = draw_segments(numpy_stream(seed), lama.THIN[256], 100, 256)
        assert (segments == segments.astype(int)).all()
        assert segments.min() >= 0
        assert segments[:, ::2].max() <= 256
        assert segments[:, 1::2].max() <= 100
        assert set(thickness) <= set(range(5, 15))


def reference(table: lama.Table, side: int, stream: np.random.Generator) -> np.ndarray:
    """Draw one hole of LaMa's script, written from its description, with OpenCV."""
    canvas = np.zeros((side, side), np.uint8)
    if table.boxes is not None and stream.random() < 0.3 / 1.3:
        for _ in range(stream.integers(table.boxes.count[0], table.boxes.count[1] + 1)):
            across, down = stream.integers(table.boxes.side[0], table.boxes.side[1] + 1, 2)
            left, top = (
                int(stream.integers(table.boxes.margin, side - table.boxes.margin - extent + 1))
                for extent in (across, down)
            )
            canvas[top : top + down, left : left + across] = 1
    else:
        for stroke in range(stream.integers(table.strokes[0], table.strokes[1] + 2)):
            x, y = (int(value) for value in stream.integers(0, side, 2))
            for _ in range(stream.integers(1, 6)):
                angle = 0.01 + stream.integers(4)
                angle = angle if stroke % 2 else 2 * math.pi - angle
                length, width = (
                    10 + stream.integers(table.max_length),
                    stream.integers(5, 5 + table.max_width),
                )
                to = (
                    min(max(int(x + length * math.sin(angle)), 0), side),
                    min(max(int(y + length * math.cos(angle)), 0), side),
                )
                cv2.line(canvas, (x, y), to, 1, int(width))
                x, y = to
    return canvas > 0


def features(hole: np.ndarray) -> tuple[float, float, float, int, int]:
    """Return hole ratio, covered share of the right column and the lower row, pieces, islands."""
    pieces, islands = ndimage.label(hole)[1], ndimage.label(~hole)[1]
    return hole.mean(), hole[:, -1].mean(), hole[-1].mean(), pieces, islands


@pytest.mark.slow
@pytest.mark.parametrize("preset", [256, 512])
@pytest.mark.parametrize("kind", TABLES)
def test_two_thousand_holes_have_the_distribution_of_lamas_own(kind: str, preset: int) -> None:
    stream = numpy_stream(derive_seed("reference", kind, preset))
    theirs = []
    while len(theirs) < 2000:
        hole = reference(TABLES[kind][preset], preset, stream)
        if 0 < hole.mean() <= 0.5:
            theirs.append(features(hole))
    generator = plugins.mask(f"lama-{kind}:preset={preset}")
    seeds = (derive_seed("ours", kind, preset, index) for index in range(2000))
    ours = [features(generator(preset, preset, seed)[0].numpy()) for seed in seeds]
    for mine, other in zip(np.array(ours).T, np.array(theirs).T, strict=True):
        assert stats.ks_2samp(mine, other).pvalue > 0.001
