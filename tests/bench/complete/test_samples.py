"""The samples of an image share its target and hole: both are made and written once per batch."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import pytest
import torch

from bench import plugins
from bench.complete import worker
from bench.complete.batch import Batch
from bench.plan.spec import Run
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.store.directory import RunDirectory


@dataclass(frozen=True)
class CountedRamps:
    """Two grey ramps and one image that cannot be loaded; counts the loads of each."""

    name: ClassVar[str] = "counted-ramps"
    version: ClassVar[str] = "1"
    size: int | None = 16
    loads: Counter[str] = field(default_factory=Counter, compare=False)

    def ids(self) -> list[str]:
        return ["a", "b", "torn"]

    def load(self, image_id: str) -> torch.Tensor:
        self.loads[image_id] += 1
        if image_id == "torn":
            raise OSError("cannot be read")
        return torch.linspace(0.1, 1, 16).expand(3, 16, 16).clone()

    def fingerprint(self, image_id: str) -> str:
        return image_id

    def source(self, image_id: str) -> str:
        return f"photograph of {image_id}"


@dataclass(frozen=True)
class CountedHalf:
    """The left half; counts how often it is drawn."""

    name: ClassVar[str] = "counted-half"
    version: ClassVar[str] = "1"
    draws: Counter[int] = field(default_factory=Counter, compare=False)

    def __call__(self, height: int, width: int, seed: int) -> torch.Tensor:
        self.draws[seed] += 1
        hole = torch.zeros(1, height, width, dtype=torch.bool)
        hole[:, :, : width // 2] = True
        return hole


def make_run() -> Run:
    return Run(plugins.method("telea"), CountedHalf(), CountedRamps(), samples=3)


def test_a_batch_loads_each_image_and_draws_its_hole_once(monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    encoded = []
    encode = worker.imaging.encode_png
    monkeypatch.setattr(
        worker.imaging, "encode_png", lambda image: encoded.append(image.shape[0]) or encode(image)
    )
    items = tuple((image_id, k) for image_id in run.ids() for k in range(run.samples))
    result = worker.process(Batch(run, items))
    assert run.dataset.loads == {"a": 1, "b": 1, "torn": 1}  # type: ignore[attr-defined]
    assert list(run.mask.draws.values()) == [1, 1]  # type: ignore[attr-defined]
    # Two targets and two outputs, which the samples share: telea knows no chance; two holes.
    assert Counter(encoded) == {3: 2 + 2, 1: 2}
    records = [image.record for image in result.done]
    assert [record.id for record in records] == [f"{i}@{k}" for i, k in items]
    assert [record.status for record in records] == ["ok"] * 6 + ["error"] * 3
    assert len({record.seed for record in records}) == 9
    assert records[0].source == "photograph of a"
    assert records[-1].error == "cannot load the image: cannot be read"


def test_target_and_hole_are_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = RunDirectory.write_image

    def count(self: RunDirectory, kind: str, image_id: str, png: bytes) -> None:
        written.append(f"{kind}/{image_id}")
        write(self, kind, image_id, png)

    monkeypatch.setattr(RunDirectory, "write_image", count)
    options = Options(tmp_path, batch_size=9)
    (result,) = run_all([make_run()], options, metrics=("l1",), workers=1, progress=Silent())
    assert result.n_new == 6
    assert sorted(written) == sorted(
        [f"{kind}/{image_id}" for kind in ("target", "hole") for image_id in "ab"]
        + [f"output/{image_id}@{k}" for image_id in "ab" for k in range(3)]
    )
