"""Pairs that metrics share: the same numbers as one call each, with less work."""

from __future__ import annotations

from unittest import mock

import pytest
import torch

from bench import plugins
from bench.api import ImageMetric, RequestError, ScoresPairs
from bench.api.pairs import ImagePair, Picture
from bench.api.seeds import torch_stream
from bench.metrics import METRICS
from bench.metrics.perceptual import PerceptualNetwork

NAMES = [n for n in METRICS if n != "lpips_vgg" and isinstance(plugins.metric(n), ImageMetric)]


def picture(seed: int, size: int = 64) -> Picture:
    levels = torch.randint(0, 256, (3, size, size), generator=torch_stream(seed))
    return Picture(levels.to(torch.uint8))


def hole(size: int = 64) -> torch.Tensor:
    missing = torch.zeros(1, size, size, dtype=torch.bool)
    missing[:, 10:30, 5:25] = True
    return missing


def pairs(size: int = 64) -> list[ImagePair]:
    """Return the outputs of two methods for one target, and one for another target."""
    shared = picture(0, size)
    return [
        ImagePair(picture(1, size), shared, hole(size)),
        ImagePair(picture(2, size), shared, hole(size)),
        ImagePair(picture(3, size), picture(4, size), hole(size)),
    ]


def count_images() -> mock.mock._patch[mock.MagicMock]:
    """Replace PerceptualNetwork.forward by one that is counted."""
    return mock.patch.object(
        PerceptualNetwork, "forward", autospec=True, side_effect=PerceptualNetwork.forward
    )


def images_through(forward: mock.MagicMock) -> int:
    return sum(len(call.args[1]) for call in forward.call_args_list)


@pytest.mark.parametrize("name", NAMES)
def test_pairs_get_the_numbers_of_a_call(name: str) -> None:
    metric = plugins.metric(name)
    assert isinstance(metric, ScoresPairs)
    assert isinstance(metric, ImageMetric)
    together = metric.of_pairs(pairs())
    assert together == [float(metric(*pair.tensors)[0]) for pair in pairs()]
    assert len(set(together)) == 3


def test_metrics_leave_the_levels_alone() -> None:
    both = pairs()
    for name in NAMES:
        metric = plugins.metric(name)
        assert isinstance(metric, ScoresPairs)
        metric.of_pairs(both)
    for pair, fresh in zip(both, pairs(), strict=True):
        assert torch.equal(pair.output.levels, fresh.output.levels)
        assert torch.equal(pair.target.levels, fresh.target.levels)
        assert torch.equal(pair.hole, fresh.hole)


@pytest.mark.parametrize("size", [64, 400])  # all pictures in one pass; each in its own
def test_a_trunk_sees_each_picture_once_for_three_metrics(size: int) -> None:
    both = pairs(size)
    with count_images() as forward:
        for name in ("lpips", "lpips_hole", "lpips_up64"):
            metric = plugins.metric(name)
            assert isinstance(metric, ScoresPairs)
            metric.of_pairs(both)
    assert images_through(forward) == 5


def test_small_pictures_are_enlarged_beside_the_pass_as_they_are() -> None:
    both = pairs(32)
    with count_images() as forward:
        for name in ("lpips", "lpips_up64", "lpips_up64"):
            metric = plugins.metric(name)
            assert isinstance(metric, ScoresPairs)
            metric.of_pairs(both)
    assert images_through(forward) == 2 * 5
    assert {call.args[1].shape[-1] for call in forward.call_args_list} == {32, 64}


def test_samples_go_through_the_trunk_once_each() -> None:
    levels = [picture(i).levels for i in range(4)]
    samples = torch.stack(levels).float() / 255
    with count_images() as forward:
        diversity = plugins.metric("diversity").over_samples(samples)  # type: ignore[union-attr]
    assert images_through(forward) == 4
    assert diversity > 0


def test_pairs_of_other_sizes_keep_their_order() -> None:
    metric = plugins.metric("lpips")
    assert isinstance(metric, ScoresPairs)
    mixed = [*pairs(64), *pairs(48), *pairs(64)]
    large, small = metric.of_pairs(pairs(64)), metric.of_pairs(pairs(48))
    assert metric.of_pairs(mixed) == [*large, *small, *large]


def test_a_network_without_packed_weights_gives_the_same_scores() -> None:
    from bench.metrics.convolution import ConvReLU
    from bench.metrics.perceptual import load_network

    metric = plugins.metric("lpips")
    assert isinstance(metric, ScoresPairs)
    packed = metric.of_pairs(pairs())
    load_network.cache_clear()
    with mock.patch.object(ConvReLU, "_fused", side_effect=RuntimeError("no such operator")):
        plain = metric.of_pairs(pairs())
    load_network.cache_clear()
    assert plain == pytest.approx(packed, abs=1e-6)


@pytest.mark.parametrize(
    ("output", "target", "missing", "message"),
    [
        ((3, 8, 8), (3, 8, 9), (1, 8, 9), r"output of \(3, 8, 8\) beside a target of \(3, 8, 9\)"),
        ((1, 8, 8), (1, 8, 8), (1, 8, 8), "two \\(3, H, W\\) images"),
        ((3, 8, 8), (3, 8, 8), (1, 8, 9), r"hole is bool \(1, 8, 8\) here"),
    ],
)
def test_what_is_no_pair_is_refused(
    output: tuple[int, ...], target: tuple[int, ...], missing: tuple[int, ...], message: str
) -> None:
    images = [Picture(torch.zeros(shape, dtype=torch.uint8)) for shape in (output, target)]
    with pytest.raises(RequestError, match=message):
        ImagePair(images[0], images[1], torch.zeros(missing, dtype=torch.bool))
