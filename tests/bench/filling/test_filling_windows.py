"""Windows cover every hole once, with known pixels around; the membrane is harmonic."""

from __future__ import annotations

import numpy as np
import pytest

from bench import plugins
from bench.filling.membrane import extended, fitted, harmonic
from bench.filling.windows import cover

SIDE = 16


def disc(height: int, width: int, y: int, x: int, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    return np.hypot(rows - y, columns - x) <= radius


@pytest.mark.parametrize("name", ["center-box", "free-form", "hybrid", "lama-thick", "expand"])
@pytest.mark.parametrize("size", [(40, 40), (97, 150), (12, 60)])
def test_windows_fill_every_pixel_of_the_hole_once(name: str, size: tuple[int, int]) -> None:
    for seed in range(3):
        hole = plugins.mask(name)(*size, seed)[0].numpy()
        times = np.zeros(size, dtype=int)
        for window in cover(hole, SIDE):
            assert window.part.shape == times[window.box].shape
            times[window.box] += window.part
        assert np.array_equal(times, hole.astype(int))


def test_a_small_part_is_seen_in_a_square_of_the_networks_side() -> None:
    (window,) = cover(disc(100, 100, 50, 50, 3), SIDE)
    assert window.part.shape == (SIDE, SIDE)
    assert window.part[4:12, 4:12].sum() == window.part.sum()


def test_a_large_part_is_seen_in_a_square_of_twice_its_extent() -> None:
    (window,) = cover(disc(300, 300, 150, 150, 40), SIDE)
    assert window.part.shape == (162, 162)
    assert window.part[40:-40, 40:-40].sum() == window.part.sum()


def test_a_part_at_the_border_is_seen_in_a_square_inside_the_image() -> None:
    (window,) = cover(disc(100, 100, 0, 99, 4), SIDE)
    assert window.box == (slice(0, 16), slice(84, 100))


def test_a_long_thin_part_is_seen_along_it() -> None:
    hole = np.zeros((200, 600), dtype=bool)
    hole[98:102, 20:580] = True
    windows = cover(hole, SIDE)
    assert len(windows) == 70
    assert {window.part.shape for window in windows} == {(SIDE, SIDE)}


def test_near_parts_share_a_window_and_far_ones_do_not() -> None:
    near = disc(100, 100, 50, 46, 2) | disc(100, 100, 50, 51, 1)
    assert len(cover(near, SIDE)) == 1
    assert len(cover(near | disc(100, 100, 10, 10, 2), SIDE)) == 2


def test_a_membrane_over_a_ramp_is_the_ramp() -> None:
    rows, columns = np.mgrid[:60, :80].astype(np.float32)
    ramp = np.stack([rows / 60, columns / 80], axis=2)
    hole = disc(60, 80, 28, 41, 20)
    filled = harmonic(ramp, ~hole, hole)
    assert np.array_equal(filled[~hole], ramp[~hole])
    assert np.abs(filled - ramp).max() < 0.01


def test_a_filling_off_by_a_constant_is_put_right() -> None:
    rows, columns = np.mgrid[:50, :50]
    picture = (0.5 + 0.3 * np.sin(rows / 7) * np.cos(columns / 5)).astype(np.float32)[..., None]
    hole = disc(50, 50, 25, 20, 11)
    assert np.abs(fitted(picture + 0.1, picture, hole, 1) - picture)[hole].max() < 1e-3


def test_a_filling_fades_in_from_the_border() -> None:
    known = np.full((41, 41, 1), 0.5, dtype=np.float32)
    noise = known + np.where(np.indices((41, 41)).sum(0) % 2, 0.2, -0.2)[..., None]
    noise = np.where(disc(41, 41, 20, 20, 15)[..., None], noise, known).astype(np.float32)
    hole = disc(41, 41, 20, 20, 15)
    off = np.abs(fitted(noise, known, hole, 10) - known)[20, :, 0]
    assert np.allclose(off[[5, 10, 20]], [0.02, 0.107, 0.2], atol=0.01)
    assert off[4] == 0


def test_an_extended_filling_goes_on_as_it_is_at_the_holes_rim() -> None:
    hole = np.zeros((20, 20), dtype=bool)
    hole[8:12, 8:12] = True
    filling = np.where(hole[..., None], np.float32(0.8), np.float32(0.1))
    filled = extended(filling, hole)[..., 0]
    assert np.allclose(filled, 0.8)
    filling[8, 8] = 0.2
    corner = extended(filling, hole)[..., 0]
    assert np.allclose(corner[:9, :9], 0.2)
    assert np.allclose(corner[12:, 12:], 0.8)


def test_a_hole_without_a_border_leaves_the_filling() -> None:
    filling = np.full((4, 4, 1), 0.3, dtype=np.float32)
    everything = np.ones((4, 4), dtype=bool)
    assert np.array_equal(fitted(filling, np.zeros_like(filling), everything, 2), filling)
