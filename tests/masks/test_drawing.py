"""The row intervals of capsules and ellipses, against hand-worked shapes and brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from masks.drawing import area_scale
from masks.shapes import capsules, ellipses, fill

place = st.floats(-10, 40, allow_nan=False)


def test_a_horizontal_capsule_of_two_pixels() -> None:
    hole = fill(6, 8, capsules(6, np.array([[2.0, 3.0, 6.0, 3.0]]), np.array([2.0])))
    drawn = ["".join("#" if pixel else "." for pixel in row) for row in hole]
    # Half-width 1 about y = 3: the rows at 2.5 and 3.5; round ends reach .87 beyond x = 2 and 6.
    assert drawn == ["........", "........", ".######.", ".######.", "........", "........"]


def test_a_shape_outside_of_the_image_draws_nothing() -> None:
    assert not fill(8, 8, capsules(8, np.array([[20.0, 3.0, 30.0, 3.0]]), np.array([4.0]))).any()
    assert not fill(8, 8, capsules(8, np.array([[2.0, -9.0, 5.0, -9.0]]), np.array([4.0]))).any()


@settings(max_examples=150, deadline=None)
@given(place, place, place, place, st.floats(1, 20))
def test_a_capsule_is_the_points_near_its_segment(
    x0: float, y0: float, x1: float, y1: float, width: float
) -> None:
    hole = fill(24, 32, capsules(24, np.array([[x0, y0, x1, y1]]), np.array([width])))
    y, x = np.mgrid[:24, :32] + 0.5
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-30), 0, 1)
    distance = np.hypot(x - x0 - along * dx, y - y0 - along * dy)
    sure = np.abs(distance - width / 2) > 1e-6
    assert np.array_equal(hole[sure], (distance <= width / 2)[sure])


@settings(max_examples=150, deadline=None)
@given(place, place, st.floats(0.5, 20), st.floats(0.5, 20), st.floats(0, 3.2))
def test_an_ellipse_is_the_points_inside(
    x: float, y: float, first: float, second: float, angle: float
) -> None:
    rows = ellipses(24, np.array([[x, y]]), np.array([[first, second]]), np.array([angle]))
    hole = fill(24, 32, rows)
    py, px = np.mgrid[:24, :32] + 0.5
    u = (px - x) * np.cos(angle) + (py - y) * np.sin(angle)
    v = (py - y) * np.cos(angle) - (px - x) * np.sin(angle)
    value = (u / first) ** 2 + (v / second) ** 2
    sure = np.abs(value - 1) > 1e-6
    assert np.array_equal(hole[sure], (value <= 1)[sure])


def test_area_scale_is_one_at_the_reference() -> None:
    assert area_scale(256, 256, 256) == 1
    assert area_scale(128, 512, 256) == 1
