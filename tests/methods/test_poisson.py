"""Poisson blending: a hand-worked row, known pixels untouched, the residual, the free border."""

from __future__ import annotations

import numpy as np
import pytest

from bench.api import RequestError
from bench.api.seeds import numpy_stream
from methods.common import poisson


def test_a_flat_patch_interpolates_between_the_known_ends() -> None:
    photograph = np.zeros((1, 5, 3))
    photograph[0, 4] = 1.0
    region = np.array([[False, True, True, True, False]])
    blended = poisson.blend(np.zeros((1, 5, 3)), photograph, region)
    np.testing.assert_allclose(blended[0, :, 0], [0, 0.25, 0.5, 0.75, 1], atol=1e-12)


def test_the_patch_gives_gradients_not_values() -> None:
    stream = numpy_stream(1)
    photograph = stream.random((12, 15, 3))
    region = np.zeros((12, 15), dtype=bool)
    region[3:9, 4:15] = True
    blended = poisson.blend(photograph + 0.3, photograph, region)
    np.testing.assert_allclose(blended, photograph, atol=1e-10)


@pytest.mark.parametrize("direct", [True, False])
def test_residual_and_known_pixels(direct: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not direct:
        monkeypatch.setattr(poisson, "DIRECT_UNKNOWNS", 0)
    stream = numpy_stream(2)
    patch, photograph = stream.random((40, 50, 3)), stream.random((40, 50, 3))
    region = stream.random((40, 50)) < 0.6
    region[:10, :10] = True
    before = photograph.copy()
    blended = poisson.blend(patch, photograph, region)
    matrix, right = poisson.equations(patch, photograph, region)
    assert np.abs(matrix @ blended[region] - right).max() < 1e-4
    assert np.array_equal(blended[~region], photograph[~region])
    assert np.array_equal(photograph, before)


def test_the_photographs_slope_goes_on_across_the_edge() -> None:
    photograph = np.zeros((1, 7, 1))
    photograph[0, :, 0] = [0.1, 0.3, 9, 9, 9, 0.6, 0.2]
    region = np.array([[False, False, True, True, True, False, False]])
    flat = poisson.blend(np.full((1, 7, 1), 5.0), photograph, region, extrapolate=True)
    # Half of the slopes .2 and .4: the ends aim at .3 + .1 and .6 + .2, so that
    # 2 f1 - f2 = .4, -f1 + 2 f2 - f3 = 0, -f2 + 2 f3 = .8.
    np.testing.assert_allclose(flat[0, 2:5, 0], [0.5, 0.6, 0.7], atol=1e-12)
    assert np.array_equal(flat[~region], photograph[~region])


def test_a_slope_ends_at_the_image_and_at_another_part_of_the_region() -> None:
    photograph = np.zeros((1, 5, 1))
    photograph[0, :, 0] = [0.4, 9, 0.8, 9, 0.2]
    region = np.array([[False, True, False, True, False]])
    flat = poisson.blend(np.zeros((1, 5, 1)), photograph, region, extrapolate=True)
    np.testing.assert_allclose(flat[0, :, 0], [0.4, 0.6, 0.8, 0.5, 0.2], atol=1e-12)


def test_what_the_patch_holds_beyond_the_region_is_not_read() -> None:
    stream = numpy_stream(4)
    photograph, patch = stream.random((9, 9, 3)), stream.random((9, 9, 3))
    region = np.zeros((9, 9), dtype=bool)
    region[2:6, 3:9] = True
    other = np.where(region[..., None], patch, 7.0)
    blended = [poisson.blend(p, photograph, region, extrapolate=True) for p in (patch, other)]
    assert np.array_equal(*blended)
    shifted = poisson.blend(patch + 0.4, photograph, region, extrapolate=True)
    np.testing.assert_allclose(shifted, blended[0], atol=1e-9)


def test_nothing_known_and_nothing_missing() -> None:
    stream = numpy_stream(3)
    patch, photograph = stream.random((4, 4, 3)), stream.random((4, 4, 3))
    assert np.array_equal(poisson.blend(patch, photograph, np.ones((4, 4), bool)), patch)
    assert np.array_equal(poisson.blend(patch, photograph, np.zeros((4, 4), bool)), photograph)


def test_shapes_that_disagree_are_named() -> None:
    with pytest.raises(RequestError, match=r"\(4, 5, 3\)"):
        poisson.blend(np.zeros((4, 5, 3)), np.zeros((4, 4, 3)), np.zeros((4, 4), bool))
