from __future__ import annotations

import json

import pytest

import bench.store.scored_run as runs_module
from bench.api import RequestError
from bench.store.scored_run import SkippedRunWarning, load_runs, scores_frame


def test_a_folder_of_runs_and_a_run_are_both_taken(make_run):
    run = make_run("telea")
    make_run("biharmonic")
    assert [r.method for r in load_runs([run.parent])] == ["biharmonic", "telea"]
    assert [r.method for r in load_runs([run])] == ["telea"]
    assert len(load_runs([run, run.parent])) == 2


def test_the_default_folder_is_results_runs(make_run, monkeypatch, tmp_path):
    run = make_run("telea")
    (tmp_path / "results").mkdir()
    run.parent.rename(tmp_path / "results" / "runs")
    monkeypatch.chdir(tmp_path)
    assert [r.path.name for r in load_runs()] == [run.name]


def test_an_incomplete_run_is_skipped_by_name(make_run):
    make_run("telea")
    torn = make_run("biharmonic", complete=False)
    with pytest.warns(SkippedRunWarning, match=rf"{torn.name}.*not complete.*bench run"):
        assert [r.method for r in load_runs([torn.parent])] == ["telea"]


def test_a_run_with_failed_images_says_how_many(make_run):
    make_run("telea")
    failed = make_run("biharmonic", complete=False)
    text = (failed / "summary.json").read_text()
    (failed / "summary.json").write_text(text.replace('"n_failed": 0', '"n_failed": 2'))
    with pytest.warns(SkippedRunWarning, match="2 images failed: repair them"):
        load_runs([failed.parent])
    methods = [(r.method, r.n_failed) for r in load_runs([failed.parent], failed=True)]
    assert methods == [("biharmonic", 2), ("telea", 0)]
    assert [r.method for r in load_runs([failed], failed=True)] == ["biharmonic"]


def test_a_run_that_was_stopped_with_failed_images_is_not_complete(make_run):
    make_run("telea")
    stopped = make_run("biharmonic", complete=False, drop=6)
    text = (stopped / "summary.json").read_text()
    (stopped / "summary.json").write_text(text.replace('"n_failed": 0', '"n_failed": 2'))
    with pytest.warns(SkippedRunWarning, match="it is not complete"):
        assert [r.method for r in load_runs([stopped.parent], failed=True)] == ["telea"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda run: (run / "scores.csv").unlink(), "no scores.csv"),
        (lambda run: (run / "summary.json").unlink(), "no summary.json"),
        (lambda run: (run / "summary.json").write_text("{"), "not readable"),
        (lambda run: (run / "summary.json").write_text("[]"), "not readable"),
    ],
)
def test_an_unreadable_run_is_skipped_with_its_reason(make_run, spoil, message):
    make_run("telea")
    bad = make_run("biharmonic")
    spoil(bad)
    with pytest.warns(SkippedRunWarning, match=message):
        assert len(load_runs([bad.parent])) == 1


def test_nothing_left_is_a_request_error(tmp_path):
    with pytest.raises(RequestError, match="No complete run in"):
        load_runs([tmp_path])
    with pytest.raises(RequestError, match="is not a folder"):
        load_runs([tmp_path / "missing"])


def test_labels_are_those_recorded_and_without_them_nothing_is_left_out(make_run):
    recorded = make_run("telea", parameters={"radius": 3.0}, label="telea")
    plain = make_run("telea", parameters={"radius": 5.0})
    foreign = make_run("my-own", parameters={"depth": 2, "sizes": [1, 2]}, assets={"w": "ab" * 32})
    by_path = {r.path: r for r in load_runs([plain.parent])}
    assert by_path[recorded].method == "telea"
    assert by_path[plain].method == "telea:radius=5.0"
    assert by_path[foreign].method == "my-own:depth=2,sizes=1/2"
    assert by_path[foreign].assets == "w abababab"
    assert by_path[plain].dataset == "photos"


def test_the_later_of_two_records_counts_and_a_torn_line_is_dropped(make_run):
    run = make_run("telea")
    with (run / "records.jsonl").open("a") as out:
        out.write(
            json.dumps({"id": "scene0-0", "status": "ok", "source": "again"}) + '\n{"id": "sce'
        )
    (loaded,) = load_runs([run])
    assert loaded.records["scene0-0"].source == "again"
    assert len(loaded.records) == 12


def test_the_frame_holds_every_score_with_its_facts(make_run):
    run = make_run("telea", n=6)
    make_run("biharmonic", n=6, seed=2)
    frame = scores_frame(load_runs([run.parent]))
    assert len(frame) == 12
    assert list(frame.columns[-2:]) == ["lpips", "psnr"]
    assert set(frame["source"]) == {"scene0", "scene1", "scene2"}
    assert set(frame.loc[frame["method"] == "biharmonic", "seed"]) == {2}
    assert frame["hole_fraction"].between(0, 1).all()


def test_samples_are_counted_to_their_image(make_run):
    run = make_run("telea", n=2)
    text = (run / "summary.json").read_text().replace('"samples": 1', '"samples": 2')
    (run / "summary.json").write_text(text)
    (loaded,) = load_runs([run])
    assert loaded.image_of("a@b@1") == "a@b"
    assert loaded.png("target", "a@1").name == "a.png"
    assert loaded.png("output", "a@1").name == "a@1.png"


def test_runs_has_a_documented_default():
    assert runs_module.DEFAULT_FOLDER.as_posix() == "results/runs"


def test_weights_that_completed_nothing_are_not_named(make_run):
    run = make_run("ddpm", assets={"photos-64": "ab" * 32, "fashion-mnist-32": "cd" * 32})
    assert load_runs([run])[0].assets == "fashion-mnist-32 cdcdcdcd, photos-64 abababab"
    summary = json.loads((run / "summary.json").read_text())
    (run / "summary.json").write_text(json.dumps({**summary, "weights": ["photos-64"]}))
    assert load_runs([run])[0].assets == "photos-64 abababab"
