"""A run as a plain folder, and runs as a DataFrame: what needs none of our code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import bench
from bench.api import RequestError
from bench.plan.request import Request, runs
from bench.report.grid import draw_grid
from bench.runner import benchmark
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.store.export import write
from bench.store.scored_run import load_runs


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    request = Request(("telea",), ("half",), "photos", size=32, limit=3, samples=2)
    out = Options(tmp_path_factory.mktemp("runs"))
    (result,) = run_all(runs(request), out, metrics=("l1",), workers=1, progress=Silent())
    return result.path


def test_pandas_reads_the_exported_csv_in_one_line(run: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(write(run, tmp_path / "out"))
    assert list(frame["id"]) == sorted(frame["id"])
    assert len(frame) == 6
    assert set(frame["status"]) == {"ok"}
    assert frame["l1"].gt(0).all()
    assert frame["hole_fraction"].eq(0.5).all()
    assert len(list((tmp_path / "out/output").iterdir())) == 6
    assert len(list((tmp_path / "out/target").iterdir())) == 3
    assert (tmp_path / "out/manifest.json").read_bytes() == (run / "manifest.json").read_bytes()


def test_export_refuses_what_would_be_lost_or_is_no_run(run: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(RequestError, match="is not empty; give a new folder"):
        write(run, tmp_path)
    with pytest.raises(RequestError, match="is not a run directory"):
        write(tmp_path, tmp_path / "new")


def test_a_copy_without_pngs_keeps_its_scores(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(run, copy, ignore=shutil.ignore_patterns("images"))
    with pytest.raises(RequestError, match="no PNGs to export"):
        write(copy, tmp_path / "out")
    with pytest.raises(RequestError, match="without PNGs: its scores stand"):
        benchmark.score_runs([copy], metrics=["psnr"], progress=Silent())
    assert (copy / "scores.csv").read_bytes() == (run / "scores.csv").read_bytes()
    with pytest.raises(RequestError, match="copied without PNGs: copy"):
        draw_grid(load_runs([copy]), out=tmp_path / "grid.png")


def test_runs_are_a_data_frame(run: Path) -> None:
    frame = bench.load_runs(run.parent)
    assert len(frame) == 6
    assert set(frame["image"]) == {i.rpartition("@")[0] for i in frame["id"]}
    assert frame.groupby("method")["l1"].mean()["telea"] > 0


def test_the_committed_references_are_a_data_frame() -> None:
    folder = Path(__file__).parents[3] / "results/leaderboards/photos/runs"
    frame = bench.load_runs(folder)
    best = frame.groupby("method")["lpips"].mean().idxmin()
    assert best in {"patchmatch", "glcic", "ddpm:steps=10,jump_samples=4"}
    assert frame["source"].nunique() == 11
