"""The estimate for a whole grid: from earlier runs, from the runs of the grid, and who is new."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.plan.request import Request, runs
from bench.runner.benchmark import run_all
from bench.runner.estimate import Estimate, in_words
from bench.runner.options import Options
from bench.runner.progress import Silent
from tests.conftest import Bench


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (40, "40 s"), (600, "10 min"), (3600 * 3.5, "3.5 h"), (3600 * 60, "2.5 days")],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert in_words(seconds) == words


def test_the_whole_grid_is_estimated(images: Path, tmp_path: Path) -> None:
    request = Request(("telea", "patchmatch"), ("half", "center-box"), f"folder:{images}")
    grid = runs(request)
    estimate = Estimate(grid, [1] * 4, tmp_path)
    assert estimate.completions == 24
    assert estimate.text() == "telea, patchmatch not timed yet"
    estimate.finished(0, 30.0, 6)
    assert estimate.text(1) == "about 30 s and patchmatch not timed yet"
    estimate.finished(1, 0.0, 0)  # nothing was new: it says nothing about the time
    estimate.finished(2, 6000.0, 6)
    assert estimate.text(3) == "about 1.7 h"


def test_earlier_runs_are_asked(images: Path, tmp_path: Path) -> None:
    grid = runs(Request(("telea",), ("half",), f"folder:{images}"))
    run_all(grid, Options(tmp_path), metrics=("l1",), workers=1, progress=Silent())
    assert Estimate(grid, [1], tmp_path).text() == "about 1 s"
    smaller = runs(Request(("telea",), ("half",), f"folder:{images}", size=16))
    assert Estimate(smaller, [1], tmp_path).text() == "telea not timed yet"


def test_a_run_prints_it(here: Bench, images: Path, tmp_path: Path) -> None:
    done = here(
        *("run", "--method", "telea", "--mask", "half,center-box", "--metrics", "l1"),
        *("--dataset", f"folder:{images}", "--out", tmp_path / "runs"),
    )
    assert "2 runs, 12 completions: telea not timed yet" in done.stderr
    assert "page:" in done.stdout
    assert (tmp_path / "runs/reports/latest/leaderboard.html").is_file()
    assert max(map(len, done.stdout.split("half on images")[1].split("page:")[0].splitlines())) < 81
