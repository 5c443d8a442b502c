"""The outside program of the round trip is OpenCV's Telea to the bit, and needs no OpenCV."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.bench.handout import telea


def hole_of(kind: str, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Return a hole (height, width): a box inside, one at each corner, or every second pixel."""
    hole = np.zeros((height, width), bool)
    if kind == "inside":
        hole[height // 3 : 2 * height // 3, width // 3 : 2 * width // 3] = True
    elif kind == "corners":
        hole[:5, :4] = hole[-3:, :6] = hole[:4, -5:] = hole[-6:, -2:] = True
    else:
        hole = rng.random((height, width)) < 0.5
    return hole


@pytest.mark.parametrize("smooth", [False, True])
@pytest.mark.parametrize("kind", ["inside", "corners", "scattered"])
def test_its_fills_are_those_of_opencv(kind: str, smooth: bool) -> None:
    rng = np.random.default_rng([len(kind), smooth])
    height, width = (int(side) for side in rng.integers(12, 34, 2))
    image = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    if smooth:
        image = cv2.GaussianBlur(image, (0, 0), 2.0)
    hole = hole_of(kind, rng, height, width)
    image[hole] = 0
    theirs = cv2.inpaint(image, hole.astype(np.uint8), 3.0, cv2.INPAINT_TELEA)
    assert (theirs[hole] > 0).any()
    assert np.array_equal(telea.inpaint(image, hole), theirs)


def test_it_imports_numpy_and_pillow_alone() -> None:
    tree = ast.walk(ast.parse(Path(telea.__file__).read_text("utf-8")))
    names = {alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names}
    tree = ast.walk(ast.parse(Path(telea.__file__).read_text("utf-8")))
    names |= {str(node.module) for node in tree if isinstance(node, ast.ImportFrom)}
    tops = {name.partition(".")[0] for name in names}
    assert tops - sys.stdlib_module_names == {"numpy", "PIL"}
