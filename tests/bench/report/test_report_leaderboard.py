from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

from bench.api import RequestError
from bench.api.seeds import derive_seed
from bench.report.boards import make_boards
from bench.report.cells import primary
from bench.report.columns import Metric
from bench.report.leaderboard import render
from bench.report.ranks import mean_ranks
from bench.statistics import intervals
from bench.statistics.bootstrap import bootstrap_interval, bootstrap_means
from bench.store.scored_run import load_runs


def _runs(run):
    return load_runs([run.parent])


def test_the_best_is_bold_and_what_is_clearly_worse_is_not_marked(make_run):
    make_run("telea")
    make_run("navier-stokes", shift=0.0001)
    text = render(_runs(make_run("biharmonic", shift=0.05)), "md")
    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if "|" in line}
    assert sum("**" in line for line in lines.values()) == 1
    assert "≈" not in lines["biharmonic"]
    assert "**" not in lines["biharmonic"]
    close = lines["telea"] if "**" in lines["navier-stokes"] else lines["navier-stokes"]
    assert close.count("≈") == 2
    assert text.index("biharmonic") > text.index("telea")


def test_pairing_finds_a_small_constant_difference_that_intervals_hide(make_run):
    make_run("telea")
    (board,) = make_boards(_runs(make_run("biharmonic", shift=0.01)))
    best, worse = (row.cells["lpips"] for row in board.rows)
    assert best.best
    assert worse.interval[0] < best.interval[1]
    assert not worse.close


def test_seeds_are_averaged_image_by_image(make_run):
    for seed in range(3):
        run = make_run("ddpm", seed=seed)
    loaded = _runs(run)
    (board,) = make_boards(loaded)
    (row,) = board.rows
    assert row.seeds == (0, 1, 2)
    assert row.n == 12
    mean = np.mean([r.scores["lpips"].mean() for r in loaded])
    assert row.cells["lpips"].value == pytest.approx(mean, abs=1e-12)
    assert not row.cells["lpips"].best


def test_intervals_resample_sources_and_agree_with_one_column():
    stream = np.random.default_rng(0)
    scores = stream.normal(size=(30, 2))
    scores[3, 1] = np.nan
    sources = [f"s{i // 3}" for i in range(30)]
    computed = intervals.intervals(scores, sources)
    means = bootstrap_means(scores, sources, seed=derive_seed("leaderboard"))
    low, high = np.percentile(means, [2.5, 97.5], axis=0)
    np.testing.assert_allclose(computed.low, low, atol=1e-12)
    np.testing.assert_allclose(computed.high, high, atol=1e-12)
    one_by_one = bootstrap_interval(scores[:, 0], sources, seed=derive_seed("leaderboard"))
    np.testing.assert_allclose([computed.low[0], computed.high[0]], one_by_one, atol=1e-12)
    assert computed.n.tolist() == [30, 29]


def test_one_source_has_no_interval():
    computed = intervals.intervals(np.array([[1.0], [2.0]]), ["a", "a"])
    assert computed.mean[0] == 1.5
    assert np.isnan(computed.low[0])


def test_fid_is_printed_with_n_and_warned_about(make_run):
    run = make_run("telea", set_metrics={"fid": (80.25, 12)})
    text = render(_runs(run), "md")
    assert "80.25 (N = 12)" in text
    assert "fewer than 2,048" in text
    (run / "summary.json").write_text(
        (run / "summary.json")
        .read_text()
        .replace('"value": 80.25, "n": 12', '"value": 80, "n": 2048')
    )
    text = render(load_runs([run]), "md")
    assert "(N = 2,048)" in text
    assert "fewer than" not in text


def test_a_metric_over_samples_is_shown_though_scores_csv_lacks_it(make_run):
    run = make_run("ddpm", n=4)
    summary = json.loads((run / "summary.json").read_text())
    facts = {"version": "1", "unit": "", "higher_is_better": True, "n": 4, "n_infinite": 0}
    summary["metrics"]["diversity"] = {**facts, "mean": 0.125, "std": 0.1, "interval": [0.1, 0.2]}
    (run / "summary.json").write_text(json.dumps(summary))
    assert "0.1250 [0.1000, 0.2000]" in render(_runs(run), "md", metrics=["lpips", "diversity"])


def test_an_infinite_psnr_is_in_no_mean_and_counted(make_run):
    run = make_run("telea", n=4)
    lines = (run / "scores.csv").read_text().splitlines()
    lines[1] = ",".join([*lines[1].split(",")[:2], "inf"])
    (run / "scores.csv").write_text("\n".join(lines) + "\n")
    (board,) = make_boards(load_runs([run]))
    cell = board.rows[0].cells["psnr"]
    assert cell.n == 3
    assert cell.n_infinite == 1
    assert np.isfinite(cell.value)
    assert any("1 infinite" in note for note in board.notes)


def test_other_images_or_masks_or_seeds_of_masks_are_another_board(make_run):
    make_run("telea")
    make_run("telea", "irregular")
    make_run("telea", dataset="fashion-mnist")
    assert len(make_boards(_runs(make_run("telea", n=8)))) == 4


def test_scores_are_of_the_images_that_all_compared_runs_have(make_run):
    make_run("telea")
    loaded = _runs(make_run("biharmonic", drop=4, shift=0.05))
    (board,) = make_boards(loaded)
    assert {row.n for row in board.rows} == {row.cells["lpips"].n for row in board.rows} == {8}
    telea = next(run for run in loaded if run.method == "telea").scores["lpips"]
    assert board.rows[0].cells["lpips"].value == pytest.approx(telea.iloc[:8].mean(), rel=1e-14)
    (note,) = (n for n in board.notes if "in no score" in n)
    assert note == (
        "Warning: 4 of 12 images are in no score, since they failed or are missing in biharmonic: "
        "scene4-0, scene4-1, scene5-0, scene5-1."
    )
    with pytest.raises(RequestError, match=r"--strict: center-box on photos: 4 of 12 images"):
        make_boards(loaded, strict=True)


def test_two_weights_of_one_method_are_two_rows(make_run):
    make_run("torchscript", assets={"weights": "aa" * 32})
    text = render(_runs(make_run("torchscript", assets={"weights": "bb" * 32})), "md")
    assert "weights aaaaaaaa" in text
    assert "weights bbbbbbbb" in text


def test_names_from_outside_are_escaped(make_run):
    run = make_run("<script>|*x*`y`\n[a](b)")
    table = render(_runs(run), "md")
    assert "<script>" not in table
    assert r"&lt;script&gt;\|\*x\*\`y\` \[a\](b)" in table
    (line,) = csv.DictReader(io.StringIO(render(_runs(run), "csv")))
    assert line["method"] == "<script>|*x*`y`\n[a](b)"
    run = make_run("=HYPERLINK(1)", "irregular")
    rows = csv.DictReader(io.StringIO(render(load_runs([run]), "csv")))
    assert next(rows)["method"] == "'=HYPERLINK(1)"


def test_csv_holds_full_precision_and_the_marks(make_run):
    make_run("telea")
    loaded = _runs(make_run("biharmonic", shift=0.05))
    rows = {r["method"]: r for r in csv.DictReader(io.StringIO(render(loaded, "csv")))}
    value = next(r for r in loaded if r.method == "telea").scores["lpips"].mean()
    assert float(rows["telea"]["lpips"]) == pytest.approx(value, rel=1e-14)
    assert rows["telea"]["lpips_best"] == "1"
    assert rows["biharmonic"]["lpips_not_worse"] == "0"
    assert rows["telea"]["n"] == "12"


def test_chosen_metrics_in_the_order_given(make_run):
    loaded = _runs(make_run("telea"))
    assert "lpips ↓ | psnr (dB) ↑" in render(loaded, "md", metrics=["lpips", "psnr"])
    assert "psnr (dB) ↑ | lpips ↓" in render(loaded, "md")
    assert "psnr" not in render(loaded, "md", metrics=["lpips"])
    with pytest.raises(RequestError, match=r"No run has the metric 'fid'.*lpips, psnr"):
        render(loaded, "md", metrics=["fid"])
    with pytest.raises(RequestError, match="Unknown format 'docx'"):
        render(loaded, "docx")


def test_ranks_over_three_masks_share_the_best(make_run):
    for mask in ("center-box", "half", "irregular"):
        make_run("telea", mask)
        make_run("worse", mask, shift=0.1)
        run = make_run("telea:", mask, parameters={"copy": 1})
    text = render(_runs(run), "md")
    assert "### Mean ranks over 3 masks: lpips" in text
    ranks = mean_ranks(make_boards(_runs(run)))
    assert ranks.methods[2] == "worse"
    assert ranks.ranks.mean_ranks[2] == 3
    assert sum(ranks.ranks.mean_ranks) == pytest.approx(6)
    two = [r for r in _runs(run) if r.mask != "half"]
    assert mean_ranks(make_boards(two)) is None
    for method in ("telea", "worse"):
        other = make_run(method, dataset="fashion-mnist")
    assert "### Mean ranks over 4 tables" in render(_runs(other), "md")


def _fail(run, n_failed):
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**summary, "n_failed": n_failed}))


def test_a_failed_image_removes_no_method_from_the_table(make_run):
    make_run("telea")
    _fail(failed := make_run("biharmonic", complete=False, drop=2, shift=0.05), 2)
    loaded = load_runs([failed.parent], failed=True)
    (board,) = make_boards(loaded)
    assert [(row.method, row.n, row.n_failed) for row in board.rows] == [
        ("telea", 10, 0),
        ("biharmonic", 10, 2),
    ]
    assert board.rows[0].cells["lpips"].best
    table = render(loaded, "md")
    assert "10 (2 failed)" in table
    assert "2 of 12 images are in no score" in table
    rows = {r["method"]: r for r in csv.DictReader(io.StringIO(render(loaded, "csv")))}
    assert (rows["biharmonic"]["n_failed"], rows["biharmonic"]["lpips_n"]) == ("2", "10")
    assert "10 (2 failed)" in render(loaded, "latex")


def test_a_method_whose_every_image_failed_costs_the_others_none(make_run):
    make_run("telea")
    dead = make_run("biharmonic", complete=False)
    (dead / "scores.csv").write_text("id\n")
    summary = json.loads((dead / "summary.json").read_text())
    for entry in summary["metrics"].values():
        entry.update(mean=None, std=None, n=0, interval=None)
    summary |= {"n_failed": 12, "n": 0}
    (dead / "summary.json").write_text(json.dumps(summary))
    (board,) = make_boards(load_runs([dead.parent], failed=True))
    assert [(row.method, len(row.cells)) for row in board.rows] == [("telea", 2), ("biharmonic", 0)]
    assert board.rows[0].n == 12
    assert "Warning: biharmonic: every image failed; it has no scores." in board.notes


def test_a_seed_with_a_failed_image_is_averaged_over_the_shared_ones(make_run):
    make_run("ddpm", seed=0)
    _fail(failed := make_run("ddpm", seed=1, complete=False, drop=1), 1)
    (board,) = make_boards(load_runs([failed.parent], failed=True))
    (row,) = board.rows
    assert (row.seeds, row.n, row.n_failed) == ((0, 1), 11, 1)
    assert row.cells["lpips"].n == 11


def test_numbers_of_sets_of_other_images_are_not_compared(make_run):
    make_run("telea", set_metrics={"fid": (20.0, 12)})
    _fail(failed := make_run("ddpm", complete=False, drop=1, set_metrics={"fid": (9.0, 11)}), 1)
    (board,) = make_boards(load_runs([failed.parent], failed=True))
    assert not any(row.cells["fid"].best for row in board.rows)
    assert any("fid is of each method's own images" in note for note in board.notes)


def test_samples_are_no_images(make_run):
    run = make_run("ddpm", n=4)
    text = (run / "summary.json").read_text().replace('"samples": 1', '"samples": 2')
    (run / "summary.json").write_text(text)
    scores = (run / "scores.csv").read_text()
    for k, line in enumerate(scores.splitlines()[1:]):
        _, rest = line.split(",", 1)
        scores = scores.replace(line, f"{'ab'[k // 2]}@{k % 2},{rest}")
    (run / "scores.csv").write_text(scores)
    (board,) = make_boards(load_runs([run]))
    assert board.title == "center-box on photos (32 px, 2 images)"
    assert board.rows[0].cells["lpips"].n == 2


def test_below_64_pixels_the_enlarged_lpips_orders_the_rows():
    metrics = [Metric(name, "", False) for name in ("l1", "lpips", "lpips_up64")]
    assert primary(metrics, 32).name == "lpips_up64"
    assert primary(metrics, 64).name == "lpips"
    assert primary(metrics, None).name == "lpips"
    assert primary(metrics[:1], 32).name == "l1"
    assert primary([], 32) is None
