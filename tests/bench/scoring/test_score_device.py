"""Scoring on another device: the same scores, recorded, and refused where there is none."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.api import ImageSet, imaging
from bench.cli import main
from bench.execute.devices import in_words
from bench.execute.local import InProcess, LocalProcesses
from bench.plan.request import Request, runs
from bench.runner import benchmark
from bench.runner.options import Options
from bench.runner.pools import Pools
from bench.runner.progress import Silent
from bench.scoring import sets
from bench.scoring.sets import PngSet
from bench.store.scores import read_scores
from bench.store.summary import Summary, read_summary

OTHER = "cpu:0"  # the same processor under a name that is not the default's


def score(folder: Path, device: str | None, *metrics: str) -> Path:
    (result,) = benchmark.score_runs([folder], metrics=metrics, progress=Silent(), device=device)
    return result.path


@pytest.fixture(scope="module")
def unscored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs")
    requested = runs(Request(("telea",), ("center-box",), size=32, limit=3))
    benchmark.run_all(requested, Options(out), metrics=("none",), workers=1, progress=Silent())
    return out


def test_the_scores_agree_and_the_summary_says_where(unscored: Path, tmp_path: Path) -> None:
    here, there = (Path(shutil.copytree(unscored, tmp_path / name)) for name in "ab")
    ours, theirs = score(here, None, "l1", "lpips"), score(there, OTHER, "l1", "lpips")
    assert read_scores(ours)["l1"] == read_scores(theirs)["l1"]
    assert read_scores(theirs)["lpips"] == pytest.approx(read_scores(ours)["lpips"], abs=1e-4)
    assert read_summary(theirs).scored_on == (in_words(OTHER),)
    assert "scored_on" not in json.loads((ours / "summary.json").read_bytes())


def test_what_is_kept_stays_where_it_was_computed(unscored: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(unscored, tmp_path / "c"))
    path = score(out, OTHER, "l1")
    assert read_summary(score(out, None, "l1", "psnr")).scored_on == (in_words(OTHER),)
    assert Summary.from_json((path / "summary.json").read_bytes()).scored_on == (in_words(OTHER),)


def test_a_run_scores_where_its_method_runs_unless_told_otherwise(tmp_path: Path) -> None:
    assert Options(tmp_path, device="cuda").scores_on == "cuda"
    assert Options(tmp_path, device="cuda", score_device="cpu").scores_on == "cpu"
    assert Options(tmp_path).scores_on == "cpu"


def test_one_process_feeds_another_device(tmp_path: Path) -> None:
    with Pools(Options(tmp_path, score_device=OTHER)) as pools:
        assert isinstance(pools.scorer(2, 2), InProcess)
    with Pools(Options(tmp_path)) as pools:
        assert isinstance(pools.scorer(2, 2), LocalProcesses | InProcess)


@pytest.mark.parametrize("command", ["run", "score"])
@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cuda", "score-device='cuda': this machine has no CUDA device; use cpu."),
        ("gpu", "score-device='gpu' is not cpu, cuda or cuda:N."),
    ],
)
def test_a_device_that_is_not_there_is_one_line(
    command: str,
    device: str,
    message: str,
    unscored: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    what = {
        "run": ["--method", "telea", "--mask", "center-box", "--out", str(tmp_path)],
        "score": [str(unscored)],
    }[command]
    with pytest.raises(SystemExit) as stopped:
        main([command, *what, "--score-device", device])
    assert stopped.value.code == 2
    assert capsys.readouterr().err.strip() == f"Error: {message}"
    assert not list(tmp_path.iterdir())


@dataclass(frozen=True)
class Means:
    """Features that are means of pixels, and which device they were asked for."""

    asked: list[str]

    def features_of(self, part: ImageSet) -> np.ndarray:
        self.asked.append("here")
        return np.array([float(image.float().mean()) for image in part])

    def features_on(self, part: ImageSet, device: str) -> np.ndarray:
        self.asked.append(device)
        return np.array([float(image.to(device).float().mean()) for image in part])


@dataclass(frozen=True)
class Plain:
    """Means of a package of its own, which knows no devices."""

    asked: list[str]

    def features_of(self, part: ImageSet) -> np.ndarray:
        return Means(self.asked).features_of(part)


@pytest.mark.parametrize(
    ("metric", "device", "asked"),
    [(Means, "cpu", "here"), (Means, OTHER, OTHER), (Plain, OTHER, "here")],
)
def test_features_are_computed_on_the_device_where_the_metric_can(
    metric: Any, device: str, asked: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    path = tmp_path / "a.png"
    path.write_bytes(imaging.encode_png(torch.full((3, 4, 4), 7, dtype=torch.uint8)))
    images = PngSet([(path, hashlib.sha256(path.read_bytes()).hexdigest())])
    made = metric([])
    monkeypatch.setattr(sets.plugins, "metric", lambda name: made)
    assert sets._features_of(sets._Part("means", images, device)).tolist() == [7.0]
    assert made.asked == [asked]
