"""Images and holes go out as files, outputs come back: the row is the one of a run of our own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.api import RequestError
from bench.api.exchange import LAYOUTS, find_file
from bench.cli import main
from bench.store.record import read_records
from tests.conftest import write_images

# Somebody's program: nothing of ours and no OpenCV, only the files.
PROGRAM = Path(__file__).with_name("telea.py")


def bench(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([*arguments, "--quiet"])
    return int(stopped.value.code or 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of four images, which is the working directory's `images`."""
    monkeypatch.chdir(tmp_path)
    write_images(tmp_path / "images", 4)
    return tmp_path


def hand_out(*more: str, mask: str = "hybrid", out: str = "F") -> int:
    return bench("handout", "--dataset", "folder:images", "--mask", mask, "--out", out, *more)


def fill_all(level: int = 90, folder: str = "back", *, size: int = 32, names: int = 4) -> None:
    Path(folder).mkdir(exist_ok=True)
    for k in range(names):
        image = np.full((size, size, 3), level + k, np.uint8)
        Image.fromarray(image).save(f"{folder}/{k:06d}.png")


def score(*more: str, outputs: str = "back") -> int:
    return bench("score", "--outputs", outputs, "--like", "F", "--name", "Theirs", *more)


def only_run(pattern: str = "Theirs-*") -> Path:
    (path,) = Path("results/runs").glob(pattern)
    return path


def test_the_round_trip_gives_the_row_of_a_run_to_the_bit(here: Path) -> None:
    assert hand_out() == 0
    subprocess.run([sys.executable, PROGRAM, "F", "back"], check=True, cwd=here)
    assert score("--metrics", "l1,psnr,ssim,lpips") == 0
    request = ["--method", "telea", "--mask", "hybrid", "--dataset", "folder:images"]
    assert bench("run", *request, "--metrics", "l1,psnr,ssim,lpips") == 0
    theirs, ours = only_run(), only_run("telea-*")
    assert (theirs / "scores.csv").read_bytes() == (ours / "scores.csv").read_bytes()
    outputs = [{r.id: r.pixels_sha256 for r in read_records(run)} for run in (theirs, ours)]
    assert outputs[0] == outputs[1]


def test_blind_images_hold_nothing_of_the_hole_and_whole_ones_do(here: Path) -> None:
    hand_out(mask="center-box")
    hand_out("--with-targets", mask="center-box", out="whole")
    target = np.array(Image.open("images/000.png"))
    hole = np.array(Image.open("F/masks/000000.png")) > 127
    blind, whole = (np.array(Image.open(f"{f}/images/000000.png")) for f in ("F", "whole"))
    assert not blind[hole].any()
    assert (blind[~hole] == target[~hole]).all()
    assert (whole == target).all()
    assert target[hole].any()


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_has_its_files_polarity_and_hashes(here: Path, name: str) -> None:
    assert hand_out("--layout", name) == 0
    layout = LAYOUTS[name]
    told = json.loads(Path("F/handout.json").read_text())
    assert told["asked"]["polarity"] == layout.polarity
    names = [f"{k:06d}" for k in range(4)]
    files = {file for name in names for file in (layout.image_file(name), layout.mask_file(name))}
    assert set(told["files"]) == files
    there = {p.relative_to("F").as_posix() for p in Path("F").rglob("*.png")}
    assert there == set(told["files"])  # no stray file for a loader to stumble on
    white = np.array(Image.open(Path("F") / layout.mask_file("000000"))) > 127
    image = np.array(Image.open(Path("F") / layout.image_file("000000")))
    hole = white if layout.polarity == "hole-white" else ~white
    assert not image[hole].any()
    fill_all(names=4)
    for k in range(4):  # what this program calls its outputs
        target = Path("made") / layout.output_files(f"{k:06d}")[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        Path(f"back/{k:06d}.png").rename(target)
    assert score("--metrics", "l1", outputs="made") == 0


def test_polarity_can_be_turned_round(here: Path) -> None:
    hand_out()
    hand_out("--polarity", "keep-white", out="G")
    masks = [np.array(Image.open(f"{f}/masks/000000.png")) for f in "FG"]
    assert ((masks[0] > 127) != (masks[1] > 127)).all()


def test_a_handout_that_was_cut_off_goes_on_and_another_is_refused(here: Path) -> None:
    hand_out()
    first = Path("F/handout.json").read_bytes()
    Path("F/images/000002.png").unlink()
    Path("F/masks/000001.png").write_bytes(b"half")
    Path("F/handout.json").rename("F/handout.unfinished.json")
    told = json.loads(first)["asked"]
    Path("F/handout.unfinished.json").write_text(json.dumps(told))
    assert hand_out() == 0
    assert Path("F/handout.json").read_bytes() == first
    assert not Path("F/handout.unfinished.json").exists()
    assert hand_out("--mask-seed", "1") == 2
    Path("other").mkdir()
    Path("other/mine.txt").write_text("mine")
    assert hand_out(out="other") == 2
    assert Path("other/mine.txt").read_text() == "mine"


def test_what_comes_later_is_scored_then_and_what_changes_is_read_again(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_out(mask="center-box")
    fill_all(names=3)
    with pytest.raises(SystemExit):
        main(["score", "--outputs", "back", "--like", "F", "--name", "Theirs", "--metrics", "l1"])
    assert "failed: 003: " in capsys.readouterr().err
    records = {r.id: r for r in read_records(only_run())}
    assert [r.done for r in records.values()] == [True, True, True, False]
    assert "no output: there is no 000003.png" in str(records["003"].error)
    fill_all()
    Image.fromarray(np.full((32, 32, 3), 7, np.uint8)).save("back/000001.png")
    assert score("--metrics", "l1") == 0
    again = {r.id: r for r in read_records(only_run())}
    assert all(r.done for r in again.values())
    assert again["000"].sha256 == records["000"].sha256
    assert again["001"].sha256 != records["001"].sha256
    assert len((only_run() / "scores.csv").read_text().splitlines()) == 5


def test_what_is_wrong_with_an_output_is_said(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_out(mask="center-box")
    fill_all()
    Image.fromarray(np.zeros((31, 32, 3), np.uint8)).save("back/000001.png")
    Path("back/000002.png").write_bytes(b"no image")
    with pytest.raises(SystemExit) as stopped:
        main(["score", "--outputs", "back", "--like", "F", "--name", "T", "--metrics", "l1"])
    assert stopped.value.code == 1
    told = capsys.readouterr()
    assert "failed: 001: ValueError: the output is 32x31 pixels, its target 32x32" in told.err
    assert "failed: 002: ValueError: not a readable image" in told.err
    assert "2 outputs changed known pixels, by up to " in told.out


def test_a_link_out_of_the_folder_is_no_output(here: Path) -> None:
    hand_out(mask="center-box")
    fill_all()
    Path("back/000001.png").unlink()
    Path("back/000001.png").symlink_to(here / "images" / "001.png")
    assert score("--metrics", "l1") == 1
    failed = {r.id: r.error for r in read_records(only_run()) if not r.done}
    assert list(failed) == ["001"]
    assert "leads out of the folder" in str(failed["001"])


def test_several_samples_come_back_under_numbers_or_in_folders(here: Path) -> None:
    hand_out("--samples", "2", mask="center-box")
    for k in range(2):
        for image in range(4):
            level = np.full((32, 32, 3), 60 * k + image, np.uint8)
            path = Path(f"back/{image:06d}@0.png" if k == 0 else f"back/1/{image:06d}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(level).save(path)
    assert score("--metrics", "l1") == 0
    records = {r.id: r for r in read_records(only_run())}
    assert set(records) == {f"00{i}@{k}" for i in range(4) for k in range(2)}
    assert records["000@0"].sha256 != records["000@1"].sha256


def test_samples_that_did_not_come_back_cost_the_others_no_table(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_out("--samples", "2", mask="center-box")
    fill_all()
    for image in range(4):
        Path(f"back/{image:06d}.png").rename(f"back/{image:06d}@{image % 2}.png")
    with pytest.raises(SystemExit) as stopped:
        main(["score", "--outputs", "back", "--like", "F", "--name", "Theirs", "--metrics", "l1"])
    assert stopped.value.code == 1
    told = capsys.readouterr()
    assert "no output: there is no 000000@1.png" in told.err
    assert "Theirs" in told.out
    assert Path("results/runs/reports/scored/grid.png").stat().st_size


def test_the_new_row_stands_beside_runs_on_the_same_images_and_holes(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    request = ["--method", "telea", "--dataset", "folder:images", "--metrics", "l1"]
    for mask in ("center-box", "hybrid"):
        bench("run", *request, "--mask", mask)
    hand_out(mask="center-box")
    fill_all()
    with pytest.raises(SystemExit):
        main(["score", "--outputs", "back", "--like", "F", "--name", "Theirs", "--metrics", "l1"])
    table = capsys.readouterr().out
    assert "telea" in table
    assert "Theirs" in table
    assert "hybrid" not in table


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--like", "F"], "--like needs --outputs FOLDER"),
        (["--outputs", "nowhere", "--like", "F"], "--outputs nowhere: no such folder"),
        (["--outputs", "images", "--like", "F"], "no output of F is in it"),
        (["--outputs", "back", "--like", "images"], "is no handout"),
        (["--outputs", "back", "--like", "F", "--mask", "half"], "--mask: --like F decides that"),
        (["--outputs", "back", "--like", "F", "--dataset", "folder:others"], "are not those"),
    ],
)
def test_a_wrong_request_is_one_line(
    here: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    hand_out(mask="center-box")
    fill_all()
    write_images(here / "others", 3)
    capsys.readouterr()
    assert bench("score", *arguments) == 2
    told = capsys.readouterr().err
    assert message in told
    assert told.count("\n") == 1


def test_a_handout_that_was_edited_is_refused(here: Path) -> None:
    hand_out(mask="center-box")
    fill_all()
    path = Path("F/handout.json")
    path.write_text(path.read_text().replace('"mask_seed": 0', '"mask_seed": 1'))
    assert score() == 2


def test_images_that_moved_are_found_where_they_are_said_to_be(here: Path) -> None:
    hand_out(mask="center-box")
    fill_all()
    Path("images").rename("moved")
    assert score("--metrics", "l1") == 2
    assert score("--metrics", "l1", "--dataset", "folder:moved") == 0


def test_a_file_is_looked_for_in_order_and_never_outside(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.png").write_bytes(b"")
    (tmp_path / "secret.png").write_bytes(b"")
    assert find_file(tmp_path / "out", ["a.png", "b.png"]) == tmp_path / "out" / "b.png"
    assert find_file(tmp_path / "out", ["a.png"]) is None
    with pytest.raises(ValueError, match="leads out"):
        find_file(tmp_path / "out", ["../secret.png"])


def test_an_image_that_cannot_be_read_is_left_out_and_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("images/001.png").write_bytes(b"no image")
    assert hand_out(mask="center-box") == 1
    assert "left out: 001: cannot load the image" in capsys.readouterr().err
    told = json.loads(Path("F/handout.json").read_text())
    assert [image["name"] for image in told["images"]] == ["000000", "000002", "000003"]


def test_an_unknown_schema_is_no_handout(here: Path) -> None:
    from bench.handout.manifest import read_handout

    Path("F").mkdir()
    Path("F/handout.json").write_text('{"schema_version": 9}')
    with pytest.raises(RequestError, match="schema version 1"):
        read_handout(Path("F"))
