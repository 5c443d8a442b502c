"""Context matching against a direct search, and the seam against brute force."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import ndimage

from bench.api.seeds import numpy_stream
from methods.scenecompletion import context, seam
from methods.scenecompletion.query import Query, make_query, parts
from methods.scenecompletion.scenes import lab


def noise(seed: int, height: int, width: int) -> np.ndarray:
    return numpy_stream(seed).random((height, width, 3)).astype(np.float32)


def box_query(seed: int, size: int = 32) -> Query:
    hole = np.zeros((size, size), dtype=bool)
    hole[10:20, 8:22] = True
    return make_query(noise(seed, size, size), hole, hole)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (25, 40), (13, 17)])
def test_fourier_costs_equal_the_direct_sums(height: int, width: int) -> None:
    query = box_query(1)
    scene = lab(noise(2, height, width))
    correlator = context.Correlator(query, context.transform_size(height, width, query.radius))
    places = correlator.places(height, width)
    costs = correlator.costs(context.spectra(scene, correlator.size)[None], places)[0]
    assert costs.shape == (height - 12 + 1, width - 16 + 1)
    for i, j in product((0, len(places.tops) // 2, -1), (0, len(places.lefts) // 2, -1)):
        direct = context.place_cost(query, scene, int(places.tops[i]), int(places.lefts[j]))
        assert costs[i, j] == pytest.approx(direct, rel=1e-3)


def test_the_photograph_itself_costs_nothing_where_it_belongs() -> None:
    image = noise(3, 48, 48)
    hole = np.zeros((32, 32), dtype=bool)
    hole[10:20, 8:22] = True
    query = make_query(image[7:39, 11:43], hole, hole)
    correlator = context.Correlator(query, context.transform_size(48, 48, query.radius))
    places = correlator.places(48, 48)
    scene = context.spectra(lab(image), correlator.size)[None]
    costs = correlator.costs(scene, places)[0]
    row, column = np.unravel_index(costs.argmin(), costs.shape)
    assert (places.tops[row], places.lefts[column]) == (-7, -11)
    assert costs[row, column] < costs.mean() / 1000
    assert context.place_cost(query, lab(image), -7, -11) < 1e-3


def test_a_hole_splits_where_parts_are_far_apart() -> None:
    hole = np.zeros((128, 128), dtype=bool)
    hole[5:15, 5:15] = hole[100:110, 100:120] = hole[100:110, 85:90] = True
    components = parts(hole)
    assert [int(part.sum()) for part in components] == [100, 250]
    assert np.array_equal(np.logical_or.reduce(components), hole)


def test_a_scene_too_small_is_scaled_until_it_covers() -> None:
    query = box_query(4)
    (only,) = context.scene_sizes((8, 8), query)
    assert only[1] >= 12
    assert only[2] >= 16
    assert only[0] == pytest.approx(2.0)
    assert [s for s, _, _ in context.scene_sizes((64, 64), query)] == [0.81, 0.90, 1.0]


def test_the_cut_is_the_cheapest_of_all_labellings() -> None:
    photograph, patch = noise(5, 5, 5), noise(6, 5, 5)
    hole = np.zeros((5, 5), dtype=bool)
    hole[2, 2] = True
    free = ndimage.binary_dilation(hole, np.ones((3, 3), dtype=bool)) & ~hole
    distance = ndimage.distance_transform_edt(~hole)
    result = seam.cut(photograph, patch, hole, free, distance)
    pull, across = seam.costs(photograph, patch, hole, distance)
    best = min(
        seam.labelling_cost(_labelled(hole, free, bits), pull, across)
        for bits in product((False, True), repeat=8)
    )
    assert result.cost == best
    assert result.cost <= result.straight


def _labelled(hole: np.ndarray, free: np.ndarray, bits: tuple[bool, ...]) -> np.ndarray:
    labels = hole.copy()
    labels[free] = bits
    return labels


@pytest.mark.parametrize("seed", range(8))
def test_the_cut_never_costs_more_than_the_straight_boundary(seed: int) -> None:
    stream = numpy_stream(seed)
    hole = ndimage.binary_dilation(stream.random((40, 40)) < 0.01, iterations=4)
    distance = ndimage.distance_transform_edt(~hole)
    free = ~hole & (distance <= 6)
    smooth = [ndimage.gaussian_filter(noise(s, 40, 40), (2, 2, 0)) for s in (seed, seed + 100)]
    result = seam.cut(smooth[0], smooth[1], hole, free, distance)
    assert result.cost <= result.straight
    assert result.patch[hole].all()
    assert not result.patch[~hole & ~free].any()


def test_the_seam_goes_where_both_agree() -> None:
    photograph, patch = noise(9, 128, 128), noise(10, 128, 128)
    hole = np.zeros((128, 128), dtype=bool)
    hole[50:80, 60:70] = True
    distance = ndimage.distance_transform_edt(~hole)
    ring = ndimage.binary_dilation(hole, iterations=3, structure=np.ones((3, 3), dtype=bool))
    patch[~ring] = photograph[~ring]  # outside the ring the two are one picture
    result = seam.cut(photograph, patch, hole, ~hole & (distance <= 10), distance)
    assert result.cost < result.straight / 10
    assert result.patch[ring].all()
