"""Rows of submissions say what stands behind them, and a flagged one is never the best."""

from __future__ import annotations

from bench.report import leaderboard
from bench.report.boards import make_boards
from bench.report.ranks import mean_ranks
from bench.store.scored_run import load_runs
from bench.store.state import State, write_state


def test_a_flagged_row_is_shown_last_without_a_mark_or_a_rank(make_run):
    runs = [make_run(name, shift=shift) for name, shift in (("a", 3.0), ("b", 1.0), ("c", 0.0))]
    before = make_boards(load_runs(runs))[0]
    best = before.rows[0].runs[0].path
    write_state(best, State("re-scored", unreliable="it saw the test set", told="1 June"))
    board = make_boards(load_runs(runs))[0]
    assert board.rows[-1].method == f"{before.rows[0].method} (re-scored, unreliable)"
    flagged = board.rows[-1].cells
    assert flagged
    assert not any(cell.best or cell.second or cell.close for cell in flagged.values())
    assert any(cell.best for cell in board.rows[0].cells.values())
    values = {row.title: row.cells["psnr"].value for row in before.rows}
    assert flagged["psnr"].value == values[before.rows[0].title]


def test_flagged_rows_have_no_mean_rank(make_run):
    masks = ("center-box", "random-box", "irregular", "hybrid")
    runs = [make_run(name, mask, shift=i) for mask in masks for i, name in enumerate("abc")]
    ranks = mean_ranks(make_boards(load_runs(runs)))
    assert ranks is not None
    assert len(ranks.methods) == 3
    for run in runs[2::3]:
        write_state(run, State("claimed", unreliable="no"))
    ranks = mean_ranks(make_boards(load_runs(runs)))
    assert ranks is not None
    assert sorted(ranks.methods) == ["a", "b"]


def test_runs_made_here_have_no_state(make_run):
    text = leaderboard.render(load_runs([make_run("telea"), make_run("biharmonic")]), "csv")
    assert "claimed" not in str(text)


def test_a_row_of_several_seeds_is_as_good_as_its_weakest(make_run):
    runs = [make_run("a", seed=seed) for seed in (0, 1)]
    write_state(runs[0], State("re-run", told="8 of 8"))
    write_state(runs[1], State("claimed"))
    (row,) = make_boards(load_runs(runs))[0].rows
    assert row.method == "a (claimed)"


def test_reasons_and_what_was_run_again_stand_below_the_table(make_run):
    runs = [make_run(name, shift=shift) for name, shift in (("a", 1.0), ("b", 0.0))]
    write_state(runs[0], State("claimed", unreliable="it saw the test set"))
    write_state(runs[1], State("re-run", told="2026-11-28: 8 of 8 images equal"))
    for kind in ("md", "text", "html"):
        text = " ".join(str(leaderboard.render(load_runs(runs), kind)).split())
        flagged = r"a (claimed, unreliable): it saw the test set. It has no rank and no mark."
        assert flagged in text, kind
        assert "b (re-run): 2026-11-28: 8 of 8 images equal." in text, kind
