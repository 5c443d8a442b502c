"""FID's Inception against torch-fidelity's, and that nothing needs that package or lpips."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from bench.api import RequestError
from bench.assets import weights
from bench.assets.inception import PARTS, shapes
from bench.metrics import features
from bench.metrics.fid import frechet_distance
from bench.metrics.inception import Inception, resized
from bench.metrics.kid import kernel_distance
from tests.conftest import ROOT


def random_tensors() -> dict[str, torch.Tensor]:
    """Return tensors for every convolution that keep the activations' scale."""
    stream = torch.Generator().manual_seed(1)
    drawn = {}
    for name, shape in shapes().items():
        drawn[name] = torch.randn(shape, generator=stream) * 0.1
        if name.endswith("conv.weight"):
            drawn[name] *= 10 * (2 / np.prod(shape[1:])) ** 0.5
        elif name.endswith("running_var"):
            drawn[name] = drawn[name].abs() + 1
    return drawn


def random_levels(n: int, height: int, width: int) -> torch.Tensor:
    stream = torch.Generator().manual_seed(3)
    return torch.randint(0, 256, (n, 3, height, width), generator=stream, dtype=torch.uint8)


def random_features(seed: int, n: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).normal(size=(n, 64))
    return np.abs(drawn + 0.1 * seed).astype(np.float32)


def theirs(tensors: dict[str, torch.Tensor], levels: torch.Tensor) -> torch.Tensor:
    """Return the features of torch-fidelity's own network."""
    pytest.importorskip("torch_fidelity")
    from tests.torch_fidelity_network import torch_fidelity_network

    with torch.inference_mode():
        actual: torch.Tensor = torch_fidelity_network(tensors)(levels)[0]
    return actual


def test_every_layer_is_torch_fidelity_s() -> None:
    tensors, levels = random_tensors(), random_levels(2, 80, 61)
    expected = theirs(tensors, levels)
    with torch.inference_mode():
        ours = Inception(tensors).eval()(levels)
    assert float((ours - expected).abs().max()) < 1e-4 * float(expected.abs().max())
    assert float(expected.std()) > 0.1


@pytest.mark.slow
def test_features_are_torch_fidelity_s_and_rows_do_not_depend_on_the_batch() -> None:
    try:
        tensors = load_file(weights.require(features.WEIGHTS))
    except RequestError as error:
        pytest.skip(f"the FID Inception cannot be fetched here: {error}")
    levels = random_levels(3, 64, 48)
    expected = theirs(tensors, levels).numpy()
    ours = features.compute_features(levels)
    assert np.abs(ours - expected).max() < 1e-4 < np.abs(expected).max()
    alone = [features.compute_features(levels[i : i + 1])[0] for i in range(3)]
    assert np.array_equal(ours, np.stack(alone))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Mixed_7c.branch_pool.conv.weight": None}, r"branch_pool.conv.weight: missing given"),
        ({"Mixed_5b.branch1x1.bn.bias": torch.ones(3)}, r"bn.bias: \(3,\) given, \(64,\) expected"),
        ({"AuxLogits.conv0": torch.ones(1)}, r"1 tensors .* AuxLogits.conv0: \(1,\) given, none"),
    ],
)
def test_tensors_of_another_network_are_refused(change, message) -> None:
    tensors = {name: torch.zeros(shape) for name, shape in shapes().items()} | change
    with pytest.raises(ValueError, match=message):
        Inception({name: tensor for name, tensor in tensors.items() if tensor is not None})


def test_the_table_holds_94_convolutions_in_the_carrier_s_order() -> None:
    assert len(shapes()) == 94 * len(PARTS)
    assert next(iter(shapes().items())) == ("Conv2d_1a_3x3.conv.weight", (32, 3, 3, 3))
    assert list(shapes())[-1] == "Mixed_7c.branch_pool.bn.running_var"


def test_resizing_by_hand() -> None:
    row = torch.tensor([0.0, 8, 4]).view(1, 1, 1, 3)
    assert resized(row, 6)[0, 0].tolist() == [[0, 4, 8, 6, 4, 4]] * 6
    assert resized(row.expand(1, 1, 3, 3), 2)[0, 0].tolist() == [[0, 6]] * 2  # not smoothed


@pytest.mark.parametrize("size", [(32, 32), (300, 451), (299, 64)])
def test_resizing_is_torch_fidelity_s_to_the_bit(size) -> None:
    package = pytest.importorskip("torch_fidelity.interpolate_compat_tensorflow")
    levels = random_levels(2, *size).float()
    expected = package.interpolate_bilinear_2d_like_tensorflow1x(
        levels, size=(299, 299), align_corners=False
    )
    assert torch.equal(resized(levels, 299), expected)


def test_distances_are_torch_fidelity_s() -> None:
    fid, kid = (pytest.importorskip(f"torch_fidelity.metric_{name}") for name in ("fid", "kid"))
    sets = random_features(0, 150), random_features(1, 180)
    tensors = [torch.from_numpy(rows) for rows in sets]
    statistics = [fid.fid_features_to_statistics(rows) for rows in tensors]
    expected = fid.fid_statistics_to_metric(*statistics, verbose=False)[fid.KEY_METRIC_FID]
    assert frechet_distance(*sets) == pytest.approx(expected, rel=1e-9)
    expected = kid.kid_features_to_metric(
        *tensors, kid_subsets=7, kid_subset_size=100, verbose=False
    )[kid.KEY_METRIC_KID_MEAN]
    assert kernel_distance(*sets, subsets=7, size=100) == pytest.approx(expected, rel=1e-5)


WITHOUT = """
import sys
sys.modules["torch_fidelity"] = sys.modules["lpips"] = sys.modules["torchvision"] = None
import numpy as np, torch
from bench import plugins
from bench.assets.inception import shapes
from bench.metrics.fid import frechet_distance
from bench.metrics.inception import Inception
from bench.metrics.kid import kernel_distance

network = Inception({name: torch.ones(shape) for name, shape in shapes().items()})
assert network(torch.zeros(1, 3, 64, 64, dtype=torch.uint8)).shape == (1, 2048)
sets = np.eye(8, 4, dtype=np.float32), np.ones((8, 4), np.float32)
assert frechet_distance(*sets) > 0 < kernel_distance(*sets, subsets=2, size=8)
image = torch.zeros(1, 3, 64, 64)
hole = torch.ones(1, 1, 64, 64, dtype=torch.bool)
print(*(float(plugins.metric(n)(image, 1 - image, hole)) > 0 for n in ("lpips", "lpips_hole")))
"""


def test_scores_need_neither_torch_fidelity_nor_lpips() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert (done.stdout, done.returncode) == ("True True\n", 0), done.stderr[-2000:]
