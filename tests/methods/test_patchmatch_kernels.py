"""PatchMatch's parts: distances, legal sources, pyramid, stripes."""

from __future__ import annotations

import numpy as np
import pytest

from methods.patchmatch import nnf, patches, pyramid, stripes, vote
from methods.patchmatch.complete import Settings, choose_levels


def random_image(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("size", [1, 2, 5, 6, 7, 11, 15])
def test_distance_is_the_sum_of_squared_differences(size: int) -> None:
    image = random_image(20, 23)
    image[0], image[-1] = 0, 255  # the largest differences there are
    padded, masks = patches.pad_rows(image), patches.lane_masks(size)
    corners = [(0, 0), (20 - size, 23 - size), (0, 23 - size), (3, 2)]
    for y, x in corners:
        for a, b in corners:
            first = image[y : y + size, x : x + size].astype(int)
            expected = ((first - image[a : a + size, b : b + size]) ** 2).sum()
            assert patches.distance(padded, size, masks, (y, x), (a, b), 1 << 40) == expected


def test_distance_stops_early_but_never_below_the_bound() -> None:
    image = random_image(12, 12)
    padded, masks = patches.pad_rows(image), patches.lane_masks(5)
    whole = patches.distance(padded, 5, masks, (0, 0), (7, 7), 1 << 40)
    for bound in (1, whole // 2, whole - 1, whole):
        assert bound <= patches.distance(padded, 5, masks, (0, 0), (7, 7), bound) <= whole


def test_the_price_of_an_offset_is_added() -> None:
    padded, masks = patches.pad_rows(np.zeros((70, 70, 3), np.uint8)), patches.lane_masks(5)
    assert patches.matching_cost(padded, 5, masks, 7, (0, 0), (32, 0), 1 << 40) == 7


def test_known_patches_hold_no_pixel_of_the_hole() -> None:
    hole = np.random.default_rng(1).random((17, 13)) < 0.05
    known = patches.known_patches(hole, 3)
    windows = np.lib.stride_tricks.sliding_window_view(hole, (3, 3))
    assert known.shape == (15, 11)
    assert np.array_equal(known, ~windows.any(axis=(2, 3)))


def test_halving_averages_the_known_pixels_only() -> None:
    image = np.zeros((2, 3, 3), np.uint8)
    image[:, :, 0] = [[10, 200, 40], [20, 200, 50]]
    hole = np.array([[False, True, True], [False, True, True]])
    levels = pyramid.build(image, hole)
    assert levels[1].pixels[0, 0, 0] == 15
    assert levels[1].hole.tolist() == [[False, True]]
    assert levels[2].pixels[0, 0, 0] == 15
    assert not levels[2].hole.any()


def test_depth_is_the_city_block_distance_to_the_known() -> None:
    hole = np.zeros((5, 6), bool)
    hole[1:4, 1:6] = True
    depth = pyramid.depth_of(hole)
    assert depth[2].tolist() == [0, 1, 2, 2, 2, 2]
    assert depth[1].tolist() == [0, 1, 1, 1, 1, 1]


def test_a_vote_is_the_weighted_mean() -> None:
    image = np.zeros((1, 4, 3), np.uint8)
    image[0, 2:] = [[10, 20, 30], [50, 60, 70]]
    hole = np.array([[True, True, False, False]])
    known = patches.known_patches(hole, 1)
    scene = patches.Patches(patches.pad_rows(image), known, 1, patches.lane_masks(1), 0)
    field = nnf.empty_field(known.shape)
    field.source_x[0, :2] = [2, 3]
    weight = np.ones(known.shape, np.float32)
    voted, changed = vote.vote_rows(scene, hole, field, weight, (0, 1))
    assert voted[0, :4].tolist() == [[10, 20, 30], [50, 60, 70], [10, 20, 30], [50, 60, 70]]
    assert changed == 60 + 180
    assert not scene.pixels[0, :2].any()


def test_stripes_cover_all_rows_once() -> None:
    for seed in range(5):
        work = np.random.default_rng(seed).random((200, 100)) < 0.3
        work[50:90] = False
        cut = stripes.split(work)
        assert len(cut) > 1
        assert [row for begin, end in cut for row in range(begin, end)] == list(range(200))


def test_matching_begins_where_a_known_patch_is_left() -> None:
    lines = np.zeros((64, 64), bool)
    lines[::2] = True
    lines[20:40, 20:40] = True
    levels = pyramid.build(random_image(64, 64), lines)
    size, matched = choose_levels(levels, Settings())
    assert size == 5
    assert matched
    assert 0 not in matched
    single = np.ones((40, 40), bool)
    single[11, 7] = False
    size, matched = choose_levels(pyramid.build(random_image(40, 40), single), Settings())
    assert size == 1 or matched


def test_random_numbers_are_spread_evenly() -> None:
    draws = [nnf.below(np.uint64(nnf.scramble(np.uint64(i))), 10) for i in range(5000)]
    counts = np.bincount(draws, minlength=10)
    assert counts.min() > 400
    assert counts.max() < 600
