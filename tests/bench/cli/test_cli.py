"""The command line as a user meets it: exit codes, one-line errors, JSON, kill -9."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bench.api.seeds import derive_seed
from bench.cli import main
from tests.conftest import ROOT, Bench, wait_until, write_images
from tests.faults.running import PLUGINS, kept, make_runs, mark


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--method", "patchmach", "--mask", "center-box"], "Did you mean 'patchmatch'?"),
        (["run", "--method", "telea", "--mask", "centre"], "Unknown mask 'centre'"),
        (["run", "--mask", "center-box"], "No method was given"),
        (["run", "--method", "telea:radius", "--mask", "center-box"], "is not key=value"),
        (["run", "--suite", "quick"], "Unknown suite 'quick'"),
        (["run", "--method", "telea", "--mask", "center-box", "--size", "0"], "--size"),
        (["run", "--method", "telea", "--mask", "center-box", "--seed", "a"], "--seed 'a'"),
        (["run", "--method", "telea", "--mask", "center-box", "--metrics", "lpip"], "'lpips'"),
        (["run", "--method", "telea", "--mask", "center-box", "--device", "gpu"], "device='gpu'"),
        (["run", "--method", "telea", "--mask", "half", "--dataset", "folder:no"], "no"),
        (["run", "--method", "telea", "--mask", "half", "--timeout", "-1"], "--timeout"),
        (["run", "--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
        (["score", "--outputs", "nowhere"], "no such folder"),
        (["score"], "Nothing to score"),
        (["leaderboard", "nowhere"], "nowhere"),
        (["weights", "lpips"], "Unknown weights 'lpips'"),
        (["masks", "centre", "--out", "x"], "Unknown mask 'centre'"),
        (["explain", "patchmatch", "--size", "512"], "give --image FILE"),
    ],
)
def test_a_wrong_request_is_one_line_and_code_2(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    printed = capsys.readouterr()
    assert stopped.value.code == 2, printed.err
    assert printed.err.startswith("Error: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_table_needs_no_complete_run(
    here: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results" / "runs" / "reports").mkdir(parents=True)
    done = here("table", "repaint-celebahq")
    assert done.returncode == 0, done.stderr
    assert "Missing" in done.stdout


def test_help_and_version(bench: Bench) -> None:
    assert "run" in bench("--help").stdout
    assert bench("--version").returncode == 0
    assert "free-form" in bench("list", "masks").stdout
    listed = bench("list", "samplers").stdout
    assert "arXiv 2212.00490; evaluations + gradients a step: 1 + 0; needs no gradients" in listed
    assert "[steps=50, scale=0.5, n_ref=98304]" in listed
    (ddpm,) = (
        e for e in json.loads(bench("list", "--json").stdout)["methods"] if e["name"] == "ddpm"
    )
    assert list(ddpm["parameters"])[:3] == ["sampler", "steps", "rule"]
    assert {e["name"] for e in json.loads(bench("list", "--json").stdout)["suites"]} >= {
        "quickstart"
    }


@pytest.mark.parametrize(("setting", "used"), [(None, "3000"), ("100", "100")])
def test_waiting_threads_soon_sleep_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, setting: str | None, used: str
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", "")  # so that it is restored
    os.environ.pop("GOMP_SPINCOUNT")
    if setting is not None:
        os.environ["GOMP_SPINCOUNT"] = setting
    with pytest.raises(SystemExit):
        main(["--version"])
    assert os.environ["GOMP_SPINCOUNT"] == used


def test_json_is_alone_on_stdout_and_the_second_time_says_nothing_to_do(
    bench: Bench, here: Bench, images: Path, tmp_path: Path
) -> None:
    arguments = ["run", "--method", "telea,navier-stokes", "--mask", "half"]
    arguments += ["--dataset", f"folder:{images}", "--out", str(tmp_path / "runs")]
    first = json.loads(bench(*arguments, "--metrics", "l1", "--json").stdout)
    assert [run["n_new"] for run in first["runs"]] == [6, 6]
    assert first["runs"][0]["summary"]["metrics"]["l1"]["n"] == 6
    second = here(*arguments, "--metrics", "l1,ssim")
    assert second.returncode == 0
    assert second.stdout.count("nothing to do") == 2
    assert "navier-stokes" in (tmp_path / "runs/reports/latest/leaderboard.md").read_text()
    with Image.open(tmp_path / "runs/reports/latest/grid.png") as grid:
        assert grid.width > 4 * 32
    assert here(*arguments, "--quiet").stdout == ""


def test_one_bad_image_gives_code_1_and_is_named(here: Bench, images: Path, tmp_path: Path) -> None:
    (images / "broken.png").write_bytes(b"not a PNG")
    arguments = ["run", "--method", "telea", "--mask", "half", "--metrics", "l1", "--workers", "1"]
    done = here(*arguments, "--dataset", f"folder:{images}", "--out", str(tmp_path / "runs"))
    assert done.returncode == 1
    assert "failed: broken: cannot load the image" in done.stderr
    assert "Traceback" not in done.stderr


def test_metrics_of_outputs_made_elsewhere_equal_the_runs(
    here: Bench, images: Path, tmp_path: Path
) -> None:
    common = ["--mask", "half", "--dataset", f"folder:{images}", "--metrics", "l1,psnr", "--json"]
    asked = ["run", "--method", "telea", *common, "--workers", "1", "--keep-raw"]
    run = json.loads(here(*asked, "--out", tmp_path / "a").stdout)["runs"][0]
    theirs = tmp_path / "theirs"
    (Path(run["path"]) / "images/raw").rename(theirs)
    for png in list(theirs.iterdir())[:3]:
        png.rename(theirs / f"{png.stem}.png")
    done = here("score", "--outputs", theirs, "--name", "theirs", *common, "--out", tmp_path / "b")
    scored = json.loads(done.stdout)["runs"][0]
    assert scored["summary"]["metrics"] == run["summary"]["metrics"]
    assert scored["summary"]["spec"]["method"]["name"] == "theirs"
    assert scored["summary"]["spec"]["method"]["parameters"] == {}
    (theirs / "003.png").unlink()
    missing = here("score", "--outputs", theirs, *common, "--out", tmp_path / "c")
    assert missing.returncode == 2
    assert "1 of 6 images have no output (003)" in missing.stderr


def test_a_score_can_be_added_later(here: Bench, images: Path, tmp_path: Path) -> None:
    asked = ["run", "--method", "telea", "--mask", "half", "--dataset", f"folder:{images}"]
    asked += ["--metrics", "l1", "--json", "--workers", "1", "--out", tmp_path]
    run = Path(json.loads(here(*asked).stdout)["runs"][0]["path"])
    assert here("score", run, "--metrics", "psnr", "--json").returncode == 0
    assert (run / "scores.csv").read_text().splitlines()[0] == "id,l1,psnr"


def test_folders_of_runs_are_scored_and_reports_are_no_run(
    here: Bench, images: Path, tmp_path: Path
) -> None:
    out = tmp_path / "runs"
    run = ("run", "--method", "telea,navier-stokes", "--mask", "half", "--out", out)
    here(*run, "--dataset", f"folder:{images}", "--metrics", "l1", "--limit", "2")
    assert (out / "reports").is_dir()
    for paths in ([out], sorted(out.iterdir())):
        done = here("score", *paths, "--metrics", "psnr", "--json")
        assert done.returncode == 0, done.stderr
        assert [r["n"] for r in json.loads(done.stdout)["runs"]] == [2, 2]
    empty = here("score", out / "reports")
    assert empty.returncode == 2
    assert "No run in" in empty.stderr


@pytest.mark.parametrize("attempt", range(3))
def test_kill_9_and_start_again_gives_the_same_bytes(
    attempt: int, here: Bench, tmp_path: Path
) -> None:
    folder, marks = write_images(tmp_path / "images", 24), tmp_path / "marks"
    method = f"{PLUGINS}:Hangs:folder={marks}"
    command = ["run", "--method", method, "--mask", "free-form", "--dataset", f"folder:{folder}"]
    command += ["--metrics", "l1,ssim", "--workers", "1", "--quiet", "--batch-size", "2"]
    assert here(*command, "--out", tmp_path / "calm").returncode == 0
    (run,) = make_runs(method, "free-form", folder)
    mark(run, ["023"], marks)  # it hangs at the last image, however late the signal comes
    code = "import sys; from bench.cli import main; main(sys.argv[1:])"
    killed = subprocess.Popen(
        [sys.executable, "-c", code, *command, "--out", str(tmp_path / "killed")], cwd=ROOT
    )
    records = tmp_path / "killed" / next((tmp_path / "calm").glob("h*")).name / "records.jsonl"
    lines = 1 + derive_seed("kill", attempt) % 20
    try:
        wait_until(lambda: records.exists() and records.read_bytes().count(b"\n") >= lines)
    finally:
        killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert not (records.parent / "scores.csv").exists()
    next(marks.iterdir()).unlink()
    assert here(*command, "--out", tmp_path / "killed").returncode == 0
    assert kept(records.parent) == kept(tmp_path / "calm" / records.parent.name)
