"""A grid of runs reads each file that goes into the specs once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import torch

from bench import plugins
from bench.api import Inpaint
from bench.plan.naming import directory_name
from bench.plan.spec import Run
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.store.directory import RunDirectory
from tests.faults.plugins import Mean


@dataclass(frozen=True)
class CountedMean(Mean):
    """Fills with the mean, and counts how often its assets are hashed."""

    name: ClassVar[str] = "counted-mean"
    level: int = 0
    reads: Counter[str] = field(default_factory=Counter, compare=False)

    def assets(self) -> Mapping[str, str]:
        self.reads["assets"] += 1
        return {"level": f"{self.level:064x}"}

    def load(self, device: str) -> Inpaint:
        return self.fill  # type: ignore[return-value]


@dataclass(frozen=True)
class CountedRamps:
    """Three grey ramps; counts how often each is hashed."""

    name: ClassVar[str] = "counted-ramps"
    version: ClassVar[str] = "1"
    size: int | None = 16
    reads: Counter[str] = field(default_factory=Counter, compare=False)

    def ids(self) -> list[str]:
        return ["a", "b", "c"]

    def load(self, image_id: str) -> torch.Tensor:
        return torch.linspace(0.1, 1, 16).expand(3, 16, 16).clone()

    def fingerprint(self, image_id: str) -> str:
        self.reads[image_id] += 1
        return image_id * 64

    def source(self, image_id: str) -> str:
        return image_id


def test_a_grid_hashes_its_dataset_and_assets_once(tmp_path: Path) -> None:
    dataset, methods = CountedRamps(), [CountedMean(level=1), CountedMean(level=2)]
    masks = [plugins.mask("center-box"), plugins.mask("half")]
    grid = [Run(method, mask, dataset) for method in methods for mask in masks]
    grid.append(Run(methods[0], masks[0], dataset, limit=2))  # fewer images: another hash
    results = run_all(grid, Options(tmp_path), metrics=("none",), workers=1, progress=Silent())
    assert dataset.reads == {"a": 2, "b": 2, "c": 1}
    assert [method.reads["assets"] for method in methods] == [1, 1]
    specs = []
    for result in results:
        manifest = RunDirectory(result.path).manifest()
        assert manifest is not None
        assert result.path.name == directory_name(manifest.spec, manifest.labels or {})
        specs.append(manifest.spec)
    assert [spec["method"]["assets"]["level"][-1] for spec in specs] == ["1", "1", "2", "2", "1"]
    assert len({spec["dataset"]["content_sha256"] for spec in specs}) == 2
