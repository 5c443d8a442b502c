"""Posterior metrics, the seam and the colour shift, against closed forms and worked arrays."""

from __future__ import annotations

import math

import pytest
import torch

from bench import plugins
from bench.api import PosteriorMetric, RequestError
from bench.api.seeds import torch_stream
from bench.metrics.diversity import DiversityHole
from bench.metrics.lpips import LPIPS, distances, weighted_features
from bench.metrics.posterior import CRPS, Coverage, CRPSFeatures, LPIPSBest, covered, crps
from bench.metrics.seam import ColourShift, Seam


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed), dtype=torch.float64)


def image(seed: int, size: int = 64) -> torch.Tensor:
    return (torch.rand(3, size, size, generator=torch_stream(seed)) * 255).round() / 255


def square(size: int = 64) -> torch.Tensor:
    hole = torch.zeros(1, size, size, dtype=torch.bool)
    hole[:, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = True
    return hole


def test_crps_by_hand() -> None:
    x, y = torch.tensor([[0.0], [4.0]]), torch.tensor([1.0])
    # mean |x - y| = 2; the pair is 4 apart: 2 - 4 * 2 / (2 * 2 * 1)
    assert crps(x, y) == 0
    assert crps(torch.tensor([[3.0], [3.0], [3.0]]), y) == 2


@pytest.mark.parametrize("k", [2, 5, 20])
def test_crps_of_calibrated_normals_is_sigma_over_root_pi(k: int) -> None:
    x, y = 3 * normal(k, 200_000), 3 * normal(200_000, seed=1)
    assert crps(x, y) == pytest.approx(3 / math.sqrt(math.pi), rel=0.01)
    assert crps(x / 2, y) > crps(x, y)
    assert crps(x + 2, y) > crps(x, y)


@pytest.mark.parametrize(("k", "i"), [(4, 1), (9, 1), (9, 3), (2, 1)])
def test_coverage_of_calibrated_samples_is_the_nominal(k: int, i: int) -> None:
    x, y = normal(k, 200_000), normal(200_000, seed=1)
    assert covered(x, y, i) == pytest.approx((k + 1 - 2 * i) / (k + 1), abs=0.005)
    assert covered(0.5 * x, y, i) < covered(x, y, i) - 0.05


def test_coverage_shares_out_ties() -> None:
    x = torch.tensor([[5, 5, 5], [5, 5, 7], [5, 9, 9]])
    # ranks 0..3, 0..2 and 1 of the truth 5; inside are 1 and 2
    assert covered(x, torch.tensor([5, 5, 6]), 1) == pytest.approx((2 / 4 + 2 / 3 + 1) / 3)
    rounded = (4 * normal(7, 200_000)).round(), (4 * normal(200_000, seed=1)).round()
    assert covered(*rounded, 1) == pytest.approx(6 / 8, abs=0.005)


def test_metrics_of_samples_read_the_hole_alone() -> None:
    truth, hole = image(0), square()
    samples = torch.stack([torch.where(hole, image(i), truth) for i in range(1, 5)])
    inside = hole.expand_as(truth)
    x, y = samples[:, inside] * 255, truth[inside] * 255
    assert CRPS().over_posterior(samples, truth, hole) == pytest.approx(crps(x, y) / 2.55)
    expected = covered(x.round(), y.round(), 1) - 3 / 5
    assert Coverage().over_posterior(samples, truth, hole) == pytest.approx(expected)
    assert abs(expected) < 0.03  # uniform samples of a uniform truth are calibrated
    least = min(float(LPIPS()(s[None], truth[None], hole[None])) for s in samples)
    assert LPIPSBest().over_posterior(samples, truth, hole) == pytest.approx(least)


def test_features_are_those_of_lpips() -> None:
    x, y = ((image(i) * 255).round().to(torch.uint8) for i in range(2))
    apart = sum(
        float((a - b).square().sum(0).mean())
        for a, b in zip(*weighted_features([x, y]), strict=True)
    )
    assert apart == pytest.approx(distances([(x, y)], "alex")[0], rel=1e-4)


def test_the_crps_of_features_prefers_the_truths_texture() -> None:
    truth, hole, metric = image(0), square(), CRPSFeatures()
    right = torch.stack([torch.where(hole, image(i), truth) for i in (1, 2, 3)])
    flat = torch.where(hole, torch.full_like(right, 128 / 255), truth)
    exact = truth.expand_as(right)
    assert metric.over_posterior(exact, truth, hole) == 0
    scores = [metric.over_posterior(s, truth, hole) for s in (right, flat)]
    assert 0 < scores[0] < scores[1]


def test_the_holes_diversity_does_not_fall_with_the_hole() -> None:
    truth, small, metric = image(0), square(), DiversityHole()
    small[:, :, 40:] = False
    both = []
    for hole in (square(), small):
        samples = torch.stack([torch.where(hole, image(i), truth) for i in (1, 2)])
        both.append(metric.over_posterior(samples, truth, hole))
    assert both[1] == pytest.approx(both[0], rel=0.4)
    assert metric.over_posterior(truth.expand(3, -1, -1, -1), truth, small) == 0


@pytest.mark.parametrize("name", ["crps", "coverage", "lpips_best", "crps_lpips", "diversity_hole"])
def test_one_sample_is_refused(name: str) -> None:
    metric = plugins.metric(name)
    assert isinstance(metric, PosteriorMetric)
    with pytest.raises(RequestError, match="--samples K"):
        metric.over_posterior(image(0)[None], image(0), square())


def test_a_seam_by_hand() -> None:
    target = torch.full((1, 3, 4, 4), 100 / 255)
    hole = torch.zeros(1, 1, 4, 4, dtype=torch.bool)
    hole[..., :2] = True
    output = torch.where(hole, 151 / 255, target)
    # Each of the four pairs across the outline steps by 51 of 255; inside all is flat.
    assert Seam()(output, target, hole).tolist() == [pytest.approx(20)]
    assert Seam()(target, target, hole).tolist() == [0]
    edge = torch.where(hole, 49 / 255, target)  # as large a step as 151, the other way
    assert Seam()(output, edge, hole).tolist() == [0]
    inner = target.clone()
    inner[..., 0] = 1.0  # a step within the hole is no seam
    assert Seam()(inner, target, hole).tolist() == [0]


def test_a_colour_shift_is_of_the_means() -> None:
    hole = square()[None]
    target = torch.full((1, 3, 64, 64), 119 / 255)
    lighter = torch.where(hole, 145 / 255, target)
    # L* = 116 Y^(1/3) - 16 of sRGB's luminance; a* and b* of greys are 0.
    light = [116 * ((level / 255 + 0.055) / 1.055) ** (2.4 / 3) for level in (119, 145)]
    assert float(ColourShift()(lighter, target, hole)) == pytest.approx(
        light[1] - light[0], abs=0.01
    )
    swapped = target.clone()
    swapped[..., 16:32, :], swapped[..., 32:48, :] = 145 / 255, 93 / 255
    assert float(ColourShift()(torch.where(hole, swapped, target), target, hole)) < 1
    outside = torch.where(hole, target, 0.0)
    assert float(ColourShift()(outside, target, hole)) == 0
