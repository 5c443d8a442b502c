"""Small runs in this process, what they left behind, and the marks that plug-ins look for."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from bench.cli import main
from bench.plan.request import Request, runs
from bench.plan.spec import Run, method_seed
from bench.runner.benchmark import run_all
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.runner.result import RunResult

METRICS = ("l1", "psnr")
PLUGINS = "tests.faults.plugins"
GOOD = ["000", "001", "002"]  # the ids of `write_images(folder, 3)`


def make_runs(method: str, mask: str, dataset: str | Path, **fields: object) -> list[Run]:
    """Return the runs of one method on one mask; a path is a folder of images."""
    name = f"folder:{dataset}" if isinstance(dataset, Path) else dataset
    return runs(Request((method,), (mask,), name, **fields))  # type: ignore[arg-type]


def go(
    requested: Sequence[Run],
    out: Path,
    *,
    workers: int = 1,
    metrics: Sequence[str] = METRICS,
    **options: object,
) -> RunResult:
    """Run one run and score it."""
    asked = Options(out, **options)  # type: ignore[arg-type]
    (result,) = run_all(requested, asked, metrics=metrics, workers=workers, progress=Silent())
    return result


def kept(path: Path) -> dict[str, str]:
    """Return the sha256 of scores.csv and of every PNG of a run directory, by relative path."""
    files = [path / "scores.csv", *sorted((path / "images").rglob("*.png"))]
    return {
        file.relative_to(path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }


def mark(run: Run, ids: Sequence[str], folder: Path) -> Path:
    """Leave a file for each image that a plug-in is to misbehave on; return the folder."""
    folder.mkdir(exist_ok=True)
    for image_id in ids:
        (folder / str(method_seed(run, image_id, 0))).touch()
    return folder


def run_command(folder: Path, out: Path) -> int:
    """Run the command line in this process; return its exit code."""
    arguments = ["run", "--method", "telea", "--mask", "random-box", "--metrics", "l1,psnr"]
    arguments += ["--dataset", f"folder:{folder}", "--out", str(out), "--workers", "1", "--quiet"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line on stderr."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    return captured.err
