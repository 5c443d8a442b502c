"""`windowed:METHOD`: a benchmark of what `bench fill` does, with the other method's identity."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

import bench
from bench import plugins
from bench.api import Completion, HasAssets, Method, Precision, RequestError, is_seeded
from bench.api.checks import check_method
from bench.api.imaging import hide
from bench.api.seeds import derive_seed
from bench.plan import request
from bench.plan.naming import labels
from bench.plan.spec import describe
from bench.runner.reference import rebuild

NOISE = f"{__name__}:NoiseAround"


@dataclass(frozen=True)
class NoiseAround:
    """Fills with noise of its seed around the mean of what it sees; trained at 16."""

    name: ClassVar[str] = "noise-around"
    version: ClassVar[str] = "7"
    multiple_of: ClassVar[int] = 4
    single_threaded: ClassVar[bool] = True
    level: float = 0.1
    precision: Precision = "auto"

    def trained_at(self) -> int:
        return 16

    def assets(self) -> Mapping[str, str]:
        return {"weights": "0" * 64}

    def licence(self) -> str:
        return "MIT"

    def load(self, device: str) -> Loaded:
        return Loaded(self.level)


@dataclass
class Loaded:
    level: float
    dtype: str = "bfloat16"
    remark: str = "slow here"

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> Completion:
        from bench.api.seeds import NoiseStreams

        mean = visible.sum((2, 3), keepdim=True) / (~hole).sum((2, 3), keepdim=True)
        noise = NoiseStreams(seeds).normal(visible.shape[1:]) * self.level
        image = torch.where(hole, (mean + noise).clamp(0, 1), visible)
        side = max(visible.shape[-2:])
        notes = {"evaluations": 5, "weights": "w", "seed": seeds[0], "side": side}
        return Completion(image, [notes for _ in seeds])


def photograph(size: int) -> torch.Tensor:
    """Return (3, size, size) of 8-bit levels."""
    return plugins.dataset("photos", size=size).load("astronaut-0")


def line(size: int) -> torch.Tensor:
    """Return a hole of several windows, (1, size, size)."""
    hole = torch.zeros(1, size, size, dtype=torch.bool)
    hole[:, size // 2 : size // 2 + 4, 3:-3] = True
    hole[:, 4:14, 6:20] = True
    return hole


def test_the_contract_holds_to_the_bit_where_there_are_several_windows() -> None:
    check_method(plugins.method(f"windowed:{NOISE}"), size=64)


@pytest.mark.parametrize(
    "spec", ["glcic", "ddpm:sampler=ddnm,steps=2,weights=fashion-mnist-32", NOISE]
)
def test_it_returns_the_bytes_of_bench_fill(spec: str) -> None:
    image, hole = photograph(128), line(128)
    method = plugins.method(f"windowed:{spec}")
    seed = derive_seed("fill", plugins.method(spec).name, 3, 0)
    made = method.load("cpu")(hide(image[None], hole[None]), hole[None], [seed])
    assert isinstance(made, Completion)
    levels = (image * 255).round().byte()
    filled = bench.fill(levels, hole[0], spec, seed=3)
    assert torch.equal((made.image[0] * 255).round().byte(), filled)
    assert torch.equal(made.image[0][~hole.expand(3, -1, -1)], image[~hole.expand(3, -1, -1)])


def test_a_run_writes_what_bench_fill_returns(tmp_path: Path) -> None:
    (folder,) = bench.run(
        "windowed:glcic", "random-box", "photos", size=128, limit=1, metrics="none", out=tmp_path
    )
    target, hole, output = (
        np.asarray(Image.open(next((folder / "images" / kind).iterdir())))
        for kind in ("target", "hole", "output")
    )
    assert np.array_equal(output, bench.fill(target, hole, "glcic"))


def test_costs_are_added_up_and_facts_of_all_windows_kept() -> None:
    image, hole = photograph(64), line(64)
    inpaint = plugins.method(f"windowed:{NOISE}").load("cpu")
    made = inpaint(hide(image[None], hole[None]), hole[None], [4])
    assert isinstance(made, Completion)
    (notes,) = made.notes
    windows = notes["windows"]
    assert isinstance(windows, int)
    assert windows > 3
    assert notes == {
        "windows": windows,
        "evaluations": 5 * windows,
        "weights": "w",
        "seed": 4,
        "side": 16,
    }
    assert (inpaint.dtype, inpaint.remark) == ("bfloat16", "slow here")  # type: ignore[attr-defined]


def test_the_identity_is_the_other_methods() -> None:
    text = f"windowed:{NOISE}:level=0.2,name=Mine,licence=BSD"
    (run,) = request.runs(request.Request((text,), ("half",), "photos", size=32, precision="bf16"))
    assert describe(run, run.ids()[:1])["method"] == {
        "name": "windowed:noise-around",
        "version": "1+7",
        "parameters": {"level": 0.2, "precision": "bf16"},
        "assets": {"weights": "0" * 64},
    }
    assert labels(run)["method"] == "Mine"
    assert labels(run)["licence"] == "BSD"
    plain = plugins.method(text)
    assert labels(dataclasses.replace(run, method=plain, names=request.names())) | {} == {
        "method": "windowed:noise-around:level=0.2",
        "mask": "half",
        "dataset": "photos",
        "licence": "MIT",
    }
    assert is_seeded(plain)
    assert not is_seeded(plugins.method("windowed:glcic"))


@pytest.mark.parametrize("spec", ["windowed:glcic", "windowed:ddpm:sampler=ddnm,steps=37"])
def test_a_run_is_built_again_from_its_spec_and_its_label(spec: str) -> None:
    (run,) = request.runs(request.Request((spec,), ("half",), "photos", size=32, limit=1))
    told = json.loads(json.dumps(describe(run, run.ids())))
    again = rebuild(told)
    assert again.method == run.method
    assert plugins.label(run.method) == spec
    method, other = run.method, plugins.method(spec.removeprefix("windowed:"))
    assert isinstance(method, HasAssets)
    assert isinstance(other, HasAssets)
    assert method.assets() == other.assets()


def test_the_name_is_known_without_the_path_that_it_needs() -> None:
    assert plugins.name_of("method", "windowed:ddpm:path=there.pt") == "windowed:ddpm"
    assert plugins.name_of("method", "telea:radius=2") == "telea"


def test_a_method_that_sees_whole_images_is_refused() -> None:
    refused = "^method 'windowed:telea': telea sees whole images at any size; leave windowed: out$"
    with pytest.raises(RequestError, match=refused):
        plugins.method("windowed:telea")
    with pytest.raises(RequestError, match="leave windowed: out"):
        plugins.method("windowed:windowed:glcic")
    assert isinstance(plugins.method("windowed:glcic"), Method)
