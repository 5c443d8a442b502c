"""The same tests over every registered plug-in, and over bad ones that they must catch."""

from __future__ import annotations

import importlib.util
import warnings
from pathlib import Path

import pytest
import torch

from bench import plugins
from bench.api import PosteriorMetric, RequestError, SampleMetric, SetMetric, checks
from bench.datasets import DATASETS
from bench.metrics import METRICS
from masks import MASKS
from methods import METHODS
from tests.contracts import broken

# Networks are equal across batches to 1e-4 only (architecture.md); the small size keeps them quick.
NETWORKS = {"ddpm": 1e-4, "glcic": 1e-4}
REPAINT = "ddpm:steps=3,jump_samples=1,precision=fp32"
SHIPPED = ("photos", "free-photos", "fashion-mnist")
EXPORTED = {name for name, target in METHODS.items() if target.startswith("methods.exported.")}
NEED_A_FILE = {"command", "diffusers", "folder", "nvidia", *EXPORTED}
PEERS = {"pypatchmatch": "patchmatch", "patchmatch-cython": "patchmatch_cython"}


@pytest.mark.parametrize("name", sorted(set(METHODS) - NEED_A_FILE))
def test_method(name: str) -> None:
    package = PEERS.get(name)
    if package and importlib.util.find_spec(package) is None:
        with pytest.raises(RequestError, match="peers"):
            plugins.method(name).load("cpu")
        return
    checks.check_method(plugins.method(_quick(name)), tolerance=NETWORKS.get(name, 0.0))


def _quick(name: str) -> str:
    """Return the plug-in's spec at its cheapest."""
    return {"ddpm": "ddpm:steps=3", "windowed": f"windowed:{REPAINT}"}.get(name, name)


def test_ddpm_by_repaint_keeps_the_contract() -> None:
    checks.check_method(plugins.method(REPAINT), tolerance=NETWORKS["ddpm"])


def test_torchscript_method(tmp_path: Path) -> None:
    class Network(torch.nn.Module):
        def forward(self, image: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            return image * (1 - mask) + 0.25 * mask

    path = tmp_path / "network.pt"
    example = (torch.zeros(1, 3, 8, 8), torch.zeros(1, 1, 8, 8))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # TorchScript is deprecated, not gone
        torch.jit.save(torch.jit.trace(Network(), example), str(path))
    checks.check_method(plugins.method(f"torchscript:{path}"))


@pytest.mark.parametrize("bad", broken.METHODS, ids=lambda c: c.__name__)
def test_a_bad_method_is_caught(bad: type[broken.Good]) -> None:
    checks.check_method(broken.Good())
    with pytest.raises(checks.ContractError, match=broken.METHODS[bad]):
        checks.check_method(bad())


@pytest.mark.parametrize("name", sorted(set(MASKS) - NEED_A_FILE))
def test_mask(name: str) -> None:
    checks.check_mask(plugins.mask(name), sizes=((64, 64), (48, 80)))


def test_another_process_draws_the_same_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    shipped = [plugins.mask(name) for name in sorted(set(MASKS) - NEED_A_FILE)]
    checks.check_masks_elsewhere(shipped)
    with pytest.raises(checks.ContractError, match="another process drew another hole"):
        checks.check_masks_elsewhere([broken.GoodMask(), broken.SaltedMask()])


@pytest.mark.parametrize("bad", broken.MASKS, ids=lambda c: c.__name__)
def test_a_bad_mask_is_caught(bad: type[broken.GoodMask]) -> None:
    checks.check_mask(broken.GoodMask())
    with pytest.raises(checks.ContractError, match=broken.MASKS[bad]):
        checks.check_mask(bad())


@pytest.mark.parametrize("name", SHIPPED)
def test_dataset(name: str) -> None:
    checks.check_dataset(plugins.dataset(name))


@pytest.mark.parametrize("name", sorted(set(DATASETS) - set(SHIPPED)))
def test_a_dataset_that_is_not_here_says_what_is_missing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INPAINT_BENCH_DATA", str(tmp_path))
    what_to_do = "Write folder:PATH" if name == "folder" else "give root=DIR"
    with pytest.raises(RequestError, match=f"dataset '{name}': .*{what_to_do}"):
        plugins.dataset(name).ids()


@pytest.mark.parametrize("bad", broken.DATASETS, ids=lambda c: c.__name__)
def test_a_bad_dataset_is_caught(bad: type[broken.GoodDataset]) -> None:
    checks.check_dataset(broken.GoodDataset())
    with pytest.raises(checks.ContractError, match=broken.DATASETS[bad]):
        checks.check_dataset(bad())


@pytest.mark.parametrize("name", sorted(METRICS))
def test_metric(name: str) -> None:
    metric = plugins.metric(name)
    if isinstance(metric, SampleMetric):
        same, other = torch.zeros(2, 3, 64, 64), torch.ones(1, 3, 64, 64)
        assert metric.over_samples(same) == pytest.approx(0, abs=1e-6)
        assert metric.over_samples(torch.cat([same, other])) > 0.1
        return
    if isinstance(metric, PosteriorMetric):
        truth, hole = torch.zeros(3, 64, 64), torch.zeros(1, 64, 64, dtype=torch.bool)
        hole[:, 16:48, 16:48] = True
        samples = truth.repeat(2, 1, 1, 1)
        perfect = metric.over_posterior(samples, truth, hole)
        other = torch.where(hole, torch.tensor([0.6, 1.0]).reshape(2, 1, 1, 1), samples)
        assert perfect != metric.over_posterior(other, truth, hole)
        with pytest.raises(RequestError, match="--samples K"):
            metric.over_posterior(samples[:1], truth, hole)
        return
    if isinstance(metric, SetMetric):
        pytest.skip("set metrics take minutes: test_a_set_metric_prefers_the_nearer_set, slow")
    from bench.assets import weights

    if name == "lpips_vgg" and weights.find("lpips-vgg16") is None:
        pytest.skip("the VGG trunk is not in the cache: bench weights lpips-vgg16 --fetch")
    checks.check_image_metric(metric)


@pytest.mark.parametrize("bad", broken.METRICS, ids=lambda c: c.__name__)
def test_a_bad_metric_is_caught(bad: type[broken.GoodMetric]) -> None:
    checks.check_image_metric(broken.GoodMetric())
    with pytest.raises(checks.ContractError, match=broken.METRICS[bad]):
        checks.check_image_metric(bad())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fid", "kid", "p_ids:force=true", "u_ids:force=true"])
def test_a_set_metric_prefers_the_nearer_set(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.assets import weights

    monkeypatch.setattr("bench.metrics.features.cache_dir", lambda: tmp_path)
    if weights.find("fid-inception") is None:
        pytest.skip("Inception is not in the cache: bench weights fid-inception --fetch")
    metric = plugins.metric(name)
    assert isinstance(metric, SetMetric)
    if name.startswith(("p_ids", "u_ids")):  # separable at any N this small: only the range holds
        assert 0 <= metric.over_sets(checks.NoisySet(0.05), checks.NoisySet(0.0)) <= 100
        return
    checks.check_set_metric(metric, checks.NoisySet)
