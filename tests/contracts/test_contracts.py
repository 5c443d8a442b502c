"""The same tests over every registered plug-in, and over bad ones that they must catch."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
import torch

from bench import contracts, plugins
from bench.api import ImageMetric, RequestError
from bench.datasets import DATASETS
from bench.metrics import METRICS
from masks import MASKS
from methods import METHODS
from tests.contracts import broken

# Networks are equal across batches to 1e-4 only (architecture.md); the small size keeps them quick.
NETWORKS = {"ddpm": 1e-4, "glcic": 1e-4}
NEED_A_FILE = {"torchscript", "folder", "nvidia"}
PEERS = {"pypatchmatch": "pypatchmatch", "patchmatch-cython": "patchmatch_cython"}


@pytest.mark.parametrize("name", sorted(set(METHODS) - NEED_A_FILE))
def test_method(name: str) -> None:
    package = PEERS.get(name)
    if package and importlib.util.find_spec(package) is None:
        with pytest.raises(RequestError, match="peers"):
            plugins.method(name).load("cpu")
        return
    contracts.check_method(plugins.method(_quick(name)), tolerance=NETWORKS.get(name, 0.0))


def _quick(name: str) -> str:
    """Return the plug-in's spec at its cheapest."""
    return {"ddpm": "ddpm:steps=3,jump_samples=1,precision=fp32"}.get(name, name)


def test_torchscript_method(tmp_path: Path) -> None:
    class Network(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return image * (1 - mask) + 0.25 * mask

    path = tmp_path / "network.pt"
    example = (torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8))
    torch.jit.save(torch.jit.trace(Network(), example), str(path))
    contracts.check_method(plugins.method(f"torchscript:{path}"))


@pytest.mark.parametrize("bad", broken.METHODS, ids=lambda c: c.__name__)
def test_a_bad_method_is_caught(bad: type[broken.Good]) -> None:
    contracts.check_method(broken.Good())
    with pytest.raises(contracts.ContractError, match=broken.METHODS[bad]):
        contracts.check_method(bad())


@pytest.mark.parametrize("name", sorted(set(MASKS) - NEED_A_FILE))
def test_mask(name: str) -> None:
    contracts.check_mask(plugins.mask(name), sizes=((64, 64), (48, 80)))


@pytest.mark.parametrize("bad", broken.MASKS, ids=lambda c: c.__name__)
def test_a_bad_mask_is_caught(bad: type[broken.GoodMask], monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]))
    contracts.check_mask(broken.GoodMask())
    with pytest.raises(contracts.ContractError, match=broken.MASKS[bad]):
        contracts.check_mask(bad())


@pytest.mark.parametrize("name", ["photos", "fashion-mnist"])
def test_dataset(name: str) -> None:
    contracts.check_dataset(plugins.dataset(name))


def test_every_dataset_is_tested_or_says_what_is_missing() -> None:
    for name in sorted(set(DATASETS) - {"photos", "fashion-mnist"}):
        with pytest.raises(RequestError, match=r"."):
            plugins.dataset(name).ids()


@pytest.mark.parametrize("bad", broken.DATASETS, ids=lambda c: c.__name__)
def test_a_bad_dataset_is_caught(bad: type[broken.GoodDataset]) -> None:
    contracts.check_dataset(broken.GoodDataset())
    with pytest.raises(contracts.ContractError, match=broken.DATASETS[bad]):
        contracts.check_dataset(bad())


def _image_metrics() -> list[str]:
    return [n for n in sorted(METRICS) if isinstance(plugins.metric(n), ImageMetric)]


@pytest.mark.parametrize("name", sorted(METRICS))
def test_metric(name: str) -> None:
    metric = plugins.metric(name)
    if not callable(metric):
        assert callable(metric.over_sets)
        return
    from bench import weights

    if name == "lpips_vgg" and weights.find("lpips-vgg16") is None:
        pytest.skip("the VGG trunk is not in the cache: bench weights lpips-vgg16 --fetch")
    contracts.check_image_metric(metric)


@pytest.mark.parametrize("bad", broken.METRICS, ids=lambda c: c.__name__)
def test_a_bad_metric_is_caught(bad: type[broken.GoodMetric]) -> None:
    contracts.check_image_metric(broken.GoodMetric())
    with pytest.raises(contracts.ContractError, match=broken.METRICS[bad]):
        contracts.check_image_metric(bad())
