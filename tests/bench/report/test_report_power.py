"""The sentence under a board: which differences its photographs are too few for."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report import leaderboard
from bench.report.boards import make_boards
from bench.statistics.power import by_source, detectable_normal
from bench.store.scored_run import load_runs
from tests.conftest import ROOT

PHOTOS = ROOT / "results/leaderboards/photos/runs"


@pytest.fixture(scope="module")
def runs() -> list:
    names = ("telea-hybrid", "biharmonic-hybrid", "glcic-hybrid", "navier-stokes-hybrid")
    return load_runs([p for p in sorted(PHOTOS.iterdir()) if p.name.startswith(names)])


def test_a_difference_smaller_than_the_photographs_tell_apart_is_named(runs: list) -> None:
    (board,) = make_boards(runs)
    best = board.rows[0].runs[0]
    for row in board.rows[1:]:
        lpips = row.runs[0].scores["lpips"] - best.scores["lpips"]
        means = by_source(lpips.to_numpy(), [name.rpartition("-")[0] for name in lpips.index])
        small = abs(means.mean()) < detectable_normal(means)
        named = board.power is not None and row.title in board.power.rpartition("too few for")[2]
        assert named is bool(small), row.title


def test_every_format_that_is_read_prints_it(runs: list) -> None:
    board = next(b for b in make_boards(load_runs([PHOTOS])) if b.mask == "hybrid")
    assert board.power is not None
    assert board.power.startswith("11 photographs tell apart from the best, at 80% power")
    for kind in ("md", "latex", "html"):
        text = str(leaderboard.render(load_runs([PHOTOS]), kind, pictures=0))
        assert "photographs tell apart from the best" in text, kind


def test_one_method_alone_has_no_such_sentence(runs: list, tmp_path: Path) -> None:
    (board,) = make_boards(runs[:1])
    assert board.power is None
