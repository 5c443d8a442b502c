from __future__ import annotations

import warnings
from functools import cache
from importlib.resources import files
from itertools import combinations
from unittest import mock

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.nn import functional as F

from bench import plugins
from bench.api import RequestError, SampleMetric
from bench.assets import weights
from bench.metrics.diversity import Diversity
from bench.metrics.layer_maps import apart
from bench.metrics.lpips import LPIPS, LPIPSVGG, LPIPSHole, LPIPSUp64
from bench.metrics.perceptual import load_network


def pair(size=64, n=2):
    """Return smooth random images and noisy copies, exact multiples of 1/255, and holes."""
    stream = np.random.default_rng(7)
    coarse = torch.from_numpy(stream.random((n, 3, 8, 8))).float()
    target = F.interpolate(coarse, size=size, mode="bilinear")
    output = (target + torch.from_numpy(stream.normal(0, 0.1, target.shape)).float()).clamp(0, 1)
    hole = torch.zeros(n, 1, size, size, dtype=torch.bool)
    hole[:, :, 10:25, 4:30] = True
    return (output * 255).round() / 255, (target * 255).round() / 255, hole


@cache
def package_network(spatial=False, net="alex"):
    """Return the lpips package's network, its trunk set through torchvision's own module."""
    model = {"alex": "alexnet", "vgg": "vgg16"}[net]
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        import lpips
        from torchvision import models

        trunk = getattr(models, model)(weights=None)
        missing = trunk.load_state_dict(
            load_file(weights.require(f"lpips-{model}")), strict=False
        ).missing_keys
        assert all(name.startswith("classifier") for name in missing)
        with mock.patch(f"torchvision.models.{model}", return_value=trunk):
            return lpips.LPIPS(net=net, version="0.1", spatial=spatial, verbose=False)


def by_equation(output, target):
    """LPIPS by eq. 1 of Zhang et al. 2018: unit-normalised channels, weighted squares, means."""
    trunk = load_file(weights.require("lpips-alexnet"))
    heads = torch.load(files("lpips") / "weights" / "v0.1" / "alex.pth", "cpu", weights_only=True)
    mean, deviation = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    total = 0.0
    x = (torch.cat([output, target]) * 2 - 1 - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)
    layers = [
        (0, 4, 2, False),
        (3, 1, 2, True),
        (6, 1, 1, True),
        (8, 1, 1, False),
        (10, 1, 1, False),
    ]
    for level, (index, stride, padding, pooled) in enumerate(layers):
        x = F.max_pool2d(x, 3, 2) if pooled else x
        kernel, bias = trunk[f"features.{index}.weight"], trunk[f"features.{index}.bias"]
        x = F.relu(F.conv2d(x, kernel, bias, stride=stride, padding=padding))
        unit = x / (x.norm(dim=1, keepdim=True) + 1e-10)
        squares = (unit[: len(output)] - unit[len(output) :]) ** 2
        total = total + (squares * heads[f"lin{level}.model.1.weight"]).sum(1).mean((1, 2))
    return total


def test_lpips_agrees_with_the_package():
    output, target, hole = pair()
    with torch.no_grad():
        theirs = package_network()(output * 2 - 1, target * 2 - 1).flatten()
    ours = LPIPS()(output, target, hole)
    assert ours.tolist() == pytest.approx(theirs.tolist(), abs=1e-5)
    assert bool((ours > 0.01).all())


def test_lpips_agrees_with_the_paper_s_equation():
    output, target, hole = pair()
    theirs = by_equation(output, target).tolist()
    assert LPIPS()(output, target, hole).tolist() == pytest.approx(theirs, abs=1e-5)


def test_lpips_hole_is_the_package_s_map_averaged_over_the_hole():
    output, target, hole = pair()
    with torch.no_grad():
        maps = package_network(spatial=True)(output * 2 - 1, target * 2 - 1)
    theirs = [float(m[h].mean()) for m, h in zip(maps, hole, strict=True)]
    assert LPIPSHole()(output, target, hole).tolist() == pytest.approx(theirs, abs=1e-5)


def test_up64_repeats_the_pixels_of_32x32_images():
    output, target, hole = pair(size=32)
    big = [x.repeat_interleave(2, -1).repeat_interleave(2, -2) for x in (output, target, hole)]
    assert LPIPSUp64()(output, target, hole).tolist() == LPIPS()(*big).tolist()
    assert LPIPSUp64()(*pair()).tolist() == LPIPS()(*pair()).tolist()


@pytest.mark.parametrize("name", ["lpips", "lpips_up64", "lpips_hole"])
def test_scores_do_not_depend_on_the_batch_and_identity_is_zero(name):
    metric = plugins.metric(name)
    output, target, hole = pair()
    together = metric(output, target, hole)
    alone = [metric(output[i : i + 1], target[i : i + 1], hole[i : i + 1]) for i in range(2)]
    assert together.dtype == torch.float64
    assert together.tolist() == torch.cat(alone).tolist()
    assert metric(target, target, hole).tolist() == [0, 0]


@pytest.mark.parametrize("metric", [LPIPS(), LPIPSVGG(), LPIPSHole()])
def test_images_below_31_pixels_are_refused(metric):
    output, target, hole = (x[..., :30] for x in pair(size=40))
    with pytest.raises(RequestError, match=r"40x30 .* at least 31 pixels"):
        metric(output, target, hole)


def test_loading_leaves_the_global_random_stream_alone():
    load_network.cache_clear()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    load_network("alex")
    assert torch.equal(torch.get_rng_state(), before)


def test_assets_name_the_pinned_trunk():
    pinned = {name: weights.pinned(name) for name in ("lpips-alexnet", "lpips-heads")}
    assert LPIPS().assets() == LPIPSHole().assets() == pinned


@pytest.mark.parametrize("net", ["alex", "vgg"])
def test_the_carried_heads_are_the_package_s(net):
    carried = load_file(weights.require("lpips-heads"))
    file = files("lpips") / "weights" / "v0.1" / f"{net}.pth"
    for name, weight in torch.load(file, "cpu", weights_only=True).items():
        assert torch.equal(carried[f"{net}.{name[3]}"], weight.flatten())
        assert float(weight.min()) >= 0


def test_diversity_is_the_mean_over_pairs_of_the_package_s_lpips():
    samples = torch.cat(pair(n=2)[:2])
    with torch.no_grad():
        theirs = [
            float(package_network()(x[None] * 2 - 1, y[None] * 2 - 1))
            for x, y in combinations(samples, 2)
        ]
    assert isinstance(Diversity(), SampleMetric)
    assert Diversity().over_samples(samples) == pytest.approx(np.mean(theirs), abs=1e-5)
    assert Diversity().over_samples(samples[:1].expand(3, -1, -1, -1)) == 0


def test_diversity_of_one_sample_is_refused():
    with pytest.raises(RequestError, match="--samples"):
        Diversity().over_samples(torch.zeros(1, 3, 64, 64))


@pytest.mark.slow
@pytest.mark.parametrize("size", [40, 150])
def test_vgg_agrees_with_the_package(size):
    try:
        weights.require("lpips-vgg16")
    except RequestError as error:
        pytest.skip(f"VGG16's weights cannot be fetched here: {error}")
    output, target, hole = pair(size=size)
    with torch.no_grad():
        theirs = package_network(net="vgg")(output * 2 - 1, target * 2 - 1).flatten()
    ours = LPIPSVGG()(output, target, hole)
    assert ours.tolist() == pytest.approx(theirs.tolist(), abs=1e-5)
    alone = [float(LPIPSVGG()(*(x[i : i + 1] for x in (output, target, hole)))) for i in range(2)]
    assert ours.tolist() == alone
    assert LPIPSVGG()(target, target, hole).tolist() == [0, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("scale", "published"), [(1, 0.3566), (2, 0.3493)])
def test_vgg_gives_the_numbers_that_torchmetrics_publishes(scale, published):
    """The docstrings of torchmetrics 0.8.0 (images in [0, 1]) and 0.11.4 (in [-1, 1]).

    Both seed torch with 123, build the network (which draws numbers), then draw the images.
    """
    try:
        weights.require("lpips-vgg16")
    except RequestError as error:
        pytest.skip(f"VGG16's weights cannot be fetched here: {error}")
    import lpips
    from torchvision.models import vgg16

    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(123)
        trunk = vgg16(weights=None, init_weights=False)
        with mock.patch("torchvision.models.vgg16", return_value=trunk):
            lpips.LPIPS(net="vgg", verbose=False)
        x, y = (torch.rand(10, 3, 100, 100) * scale - (scale - 1) for _ in range(2))
    network = load_network("vgg")
    with torch.inference_mode():
        both = [[[m[i] for m in maps] for i in range(10)] for maps in (network(x), network(y))]
    scores = [
        sum(float(m.mean()) for m in apart(network, a, b)) for a, b in zip(*both, strict=True)
    ]
    assert sum(scores) / 10 == pytest.approx(published, abs=5e-5)
