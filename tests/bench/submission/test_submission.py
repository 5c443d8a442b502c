"""Runs are packed with a card, and what others packed is checked to the bit."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.api import RequestError
from bench.cli import main
from bench.store.state import State, read_state, write_state
from bench.submission.card import REQUIRED, problems, template

CARD = {
    "schema": 1, "name": "Telea", "version": "4.9", "kind": "shipped", "code": None,
    "licence_code": "Apache-2.0", "licence_weights": "none", "weights": [],
    "training_data": [], "saw_test": {"photos": "no"}, "used_truth": False, "tuned_on": "nothing",
    "sample_choice": "first", "hardware": "two cores", "submitter": "A. Person", "is_author": False,
}  # fmt: skip


def bench(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    return int(stopped.value.code or 0)


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A submission of one run of three photographs."""
    folder = tmp_path_factory.mktemp("packed")
    request = ["--method", "telea", "--mask", "center-box", "--limit", "3", "--dataset", "photos"]
    out = str(folder / "runs")
    assert bench("run", *request, "--metrics", "l1,psnr", "--out", out, "--quiet") == 0
    (folder / "card.json").write_text(json.dumps(CARD))
    (run,) = (folder / "runs").glob("telea-*")
    arguments = ["--method", str(folder / "card.json"), "--out", str(folder / "F"), "--quiet"]
    assert bench("submit", str(run), *arguments) == 0
    return folder / "F"


@pytest.fixture
def submission(packed: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    shutil.copytree(packed, tmp_path / "F")
    return tmp_path / "F"


def run_of(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def repack(folder: Path, **changed: object) -> None:
    """Write a file's hash anew after it was changed, as a cheat would."""
    import hashlib

    path = folder / "submission.json"
    told = json.loads(path.read_text())
    for name in told["runs"][0]["files"]:
        content = (run_of(folder) / name).read_bytes()
        told["runs"][0]["files"][name] = hashlib.sha256(content).hexdigest()
    archive = folder / told["runs"][0]["archive"]
    if archive.exists():
        told["runs"][0]["archive_sha256"] = hashlib.sha256(archive.read_bytes()).hexdigest()
    path.write_text(json.dumps(told))


def test_a_good_submission_is_scored_again_to_the_bit(
    submission: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("check-submission", str(submission), "--write") == 0
    assert ": re-scored, 3 outputs" in capsys.readouterr().out
    state = read_state(run_of(submission))
    assert state == State("re-scored", told="3 outputs", licence="Apache-2.0")


def test_a_flag_outlives_another_check(submission: Path) -> None:
    write_state(run_of(submission), State("re-run", unreliable="it saw the test set"))
    assert bench("check-submission", str(submission), "--write", "--quiet") == 0
    state = read_state(run_of(submission))
    assert state is not None
    assert (state.state, state.unreliable) == ("re-scored", "it saw the test set")


def test_without_its_pngs_it_is_a_claim(
    submission: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (submission / "archives").rename(tmp_path / "elsewhere")
    assert bench("check-submission", str(submission)) == 0
    assert ": claimed, 3 outputs" in capsys.readouterr().out
    assert (
        bench("check-submission", str(submission), "--archives", str(tmp_path / "elsewhere")) == 0
    )
    assert ": re-scored, 3 outputs" in capsys.readouterr().out


def better_score(folder: Path) -> None:
    path = run_of(folder) / "scores.csv"
    lines = path.read_text().splitlines()
    cells = lines[1].split(",")
    cells[1] = repr(float(cells[1]) * 0.9)
    path.write_text("\n".join([lines[0], ",".join(cells), *lines[2:]]) + "\n")


def better_mean(folder: Path) -> None:
    path = run_of(folder) / "summary.json"
    told = json.loads(path.read_text())
    told["metrics"]["l1"]["mean"] *= 0.9
    path.write_text(json.dumps(told))


def other_hole(folder: Path) -> None:
    path = run_of(folder) / "pixels.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    rows[1][2] = "0" * 64
    path.write_text("\n".join(map(",".join, rows)) + "\n")


def other_image(folder: Path) -> None:
    path = run_of(folder) / "pixels.csv"
    rows = [line.split(",") for line in path.read_text().splitlines()]
    rows[1][1] = "0" * 64
    path.write_text("\n".join(map(",".join, rows)) + "\n")


def twice(folder: Path) -> None:
    path = run_of(folder) / "pixels.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")


def fewer_records(folder: Path) -> None:
    path = run_of(folder) / "records.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[1:]))


def other_pixels(folder: Path) -> None:
    (path,) = (folder / "archives").iterdir()
    with zipfile.ZipFile(path) as file:
        names = file.namelist()
        content = {name: file.read(name) for name in names}
    content[names[0]] = content[names[1]]
    with zipfile.ZipFile(path, "w") as file:
        for name, data in content.items():
            file.writestr(name, data)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (better_score, "summary.json says mean l1 is"),
        (better_mean, "summary.json says mean l1 is"),
        (other_hole, "its hole is not the suite's"),
        (other_image, "its image is not the suite's"),
        (twice, "does not hold every id once"),
        (fewer_records, "2 of 3 records"),
        (other_pixels, "its PNG is not the one of its record"),
    ],
)
def test_what_was_spoilt_is_named(
    submission: Path,
    spoil: Callable[[Path], None],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil(submission)
    repack(submission)
    assert bench("check-submission", str(submission), "--write") == 1
    told = capsys.readouterr().out
    assert message in told
    assert ": refused, " in told
    assert read_state(run_of(submission)) is None


def test_a_score_and_its_mean_together_are_found_by_the_pixels(
    submission: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from statistics import fmean

    better_score(submission)
    path = run_of(submission)
    rows = [line.split(",") for line in (path / "scores.csv").read_text().splitlines()[1:]]
    told = json.loads((path / "summary.json").read_text())
    told["metrics"]["l1"]["mean"] = fmean(float(row[1]) for row in rows)
    (path / "summary.json").write_text(json.dumps(told))
    repack(submission)
    assert bench("check-submission", str(submission)) == 1
    assert ": l1 is " in capsys.readouterr().out


def test_a_file_changed_after_packing_is_named(
    submission: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (submission / "method.json").write_text(json.dumps({**CARD, "submitter": "B. Person"}))
    better_mean(submission)
    assert bench("check-submission", str(submission)) == 1
    told = capsys.readouterr().out
    assert "method.json was changed after it was packed" in told
    assert "summary.json was changed after it was packed" in told


def test_the_state_stands_in_the_table(
    submission: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_state(run_of(submission), State("claimed", unreliable="it saw the test set"))
    capsys.readouterr()
    assert bench("leaderboard", str(run_of(submission)), "--format", "csv") == 0
    assert "telea (claimed, unreliable)" in capsys.readouterr().out


def test_without_a_card_one_to_fill_in_is_written(
    packed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = next((packed.parent / "runs").glob("telea-*"))
    assert bench("submit", str(run), "--out", str(tmp_path / "G")) == 2
    assert "Fill in" in capsys.readouterr().err
    assert bench("submit", str(run), "--out", str(tmp_path / "G")) == 2
    told = capsys.readouterr().err
    assert "name = " in told
    (tmp_path / "G" / "method.json").write_text(json.dumps(CARD))
    assert bench("submit", str(run), "--out", str(tmp_path / "G"), "--quiet") == 0


def test_the_same_runs_give_the_same_archive(packed: Path, tmp_path: Path) -> None:
    run = next((packed.parent / "runs").glob("telea-*"))
    card = str(packed.parent / "card.json")
    out = tmp_path / "again"
    assert bench("submit", str(run), "--method", card, "--out", str(out), "--quiet") == 0
    one, two = (json.loads((f / "submission.json").read_text()) for f in (packed, out))
    assert one == two


@pytest.mark.parametrize("key", REQUIRED)
def test_every_entry_of_a_card_is_needed_and_checked(key: str) -> None:
    assert problems(CARD) == []
    assert any(key in line for line in problems({k: v for k, v in CARD.items() if k != key}))
    assert any(key in line for line in problems({**CARD, key: object()}))
    assert problems({**CARD, "extra": 1}) == ["unknown key 'extra'"]
    assert problems({**CARD, "sample_choice": "best of 8"})
    assert len(problems(template())) > 5


def test_what_is_not_complete_is_not_packed(packed: Path, tmp_path: Path) -> None:
    from bench.submission.pack import pack

    run = tmp_path / "run"
    shutil.copytree(next((packed.parent / "runs").glob("telea-*")), run)
    next((run / "images" / "output").iterdir()).unlink()
    card = packed.parent / "card.json"
    with pytest.raises(RequestError, match="is not complete"):
        pack([run], card, tmp_path / "out", lambda *_: None)
    with pytest.raises(RequestError, match="no run directory"):
        pack([tmp_path], card, tmp_path / "out", lambda *_: None)
    with pytest.raises(RequestError, match="Nothing to pack"):
        pack([], card, tmp_path / "out", lambda *_: None)
