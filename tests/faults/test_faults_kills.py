"""SIGKILL at seeded points of a run, of the parent and of workers: nothing is lost or different."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.api.seeds import derive_seed
from tests.conftest import ROOT, write_images
from tests.faults.killing import count_points, finish, fork, kill_after, kill_at
from tests.faults.running import PLUGINS, go, kept, make_runs, mark

QUICK, ALL = 5, 50


@pytest.fixture
def calm(tmp_path: Path) -> tuple[list[object], dict[str, str], int]:
    """A run, what it leaves when nothing disturbs it, and its number of points."""
    images = write_images(tmp_path / "images", 10, 16)
    requested = make_runs("telea", "random-box", images)
    undisturbed = kept(go(requested, tmp_path / "calm", batch_size=2).path)
    points = count_points(lambda: go(requested, tmp_path / "runs" / "counted", batch_size=2))
    assert points > 60  # three PNGs of ten images, at least
    return requested, undisturbed, points  # type: ignore[return-value]


@pytest.mark.parametrize(
    "attempts",
    [range(QUICK), pytest.param(range(QUICK, ALL), marks=pytest.mark.slow)],
    ids=["quick", "all"],
)
def test_a_parent_killed_at_any_point_loses_nothing(
    attempts: range, calm: tuple[list[object], dict[str, str], int], tmp_path: Path
) -> None:
    requested, undisturbed, points = calm
    for attempt in attempts:
        out = tmp_path / "runs" / f"killed-{attempt}"
        # The counted run made a folder or two that are there by now.
        point = 1 + derive_seed("kill at", attempt) % (points - 9)
        ended = kill_at(point, lambda out=out: go(requested, out, batch_size=2))  # type: ignore
        assert ended == -signal.SIGKILL
        assert kept(go(requested, out, batch_size=2).path) == undisturbed, point


def test_killed_again_and_again_it_still_comes_to_the_end(
    calm: tuple[list[object], dict[str, str], int], tmp_path: Path
) -> None:
    requested, undisturbed, points = calm
    ends = {
        kill_at(points // 8, lambda: go(requested, tmp_path / "runs" / "out")) for i in range(5)
    }
    assert ends == {-signal.SIGKILL}
    assert kept(go(requested, tmp_path / "runs" / "out").path) == undisturbed


@pytest.mark.slow
def test_a_parent_killed_from_outside_loses_nothing(
    calm: tuple[list[object], dict[str, str], int], tmp_path: Path
) -> None:
    requested, undisturbed, _ = calm
    started = time.monotonic()
    assert finish(fork(lambda: go(requested, tmp_path / "timed", batch_size=2))) == 0
    whole = time.monotonic() - started
    for attempt in range(20):
        out = tmp_path / "runs" / f"killed-{attempt}"
        delay = whole * (derive_seed("kill after", attempt) % 1000) / 1000
        kill_after(delay, lambda out=out: go(requested, out, batch_size=2))  # type: ignore
        assert kept(go(requested, out, batch_size=2).path) == undisturbed, delay


def test_a_worker_killed_once_changes_no_byte(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 12, 16)
    marks = tmp_path / "marks"
    marks.mkdir()
    requested = make_runs(f"{PLUGINS}:Dies:folder={marks}", "random-box", images)
    undisturbed = kept(go(requested, tmp_path / "calm", batch_size=4).path)
    mark(requested[0], ["010"], marks)
    result = go(requested, tmp_path / "killed", batch_size=4, workers=2)
    assert list(marks.iterdir()) == []  # it was killed
    assert result.failed == {}
    assert kept(result.path) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize(
    ("plugin", "reason"),
    [("Dies", "its worker process died (exit code -9)"), ("Hangs", "timed out after 5 s")],
)
def test_an_image_that_kills_or_hangs_every_worker_is_named(
    plugin: str, reason: str, tmp_path: Path
) -> None:
    images = write_images(tmp_path / "images", 12, 16)
    method = f"{PLUGINS}:{plugin}:folder={tmp_path / 'marks'},always=true"
    (run,) = make_runs(method, "random-box", images)
    mark(run, ["007"], tmp_path / "marks")
    result = go([run], tmp_path / "out", batch_size=2, workers=2, timeout=5.0)
    assert list(result.failed) == ["007"]
    assert result.failed["007"].startswith(reason)
    assert result.summary.n == 11


@pytest.mark.slow
def test_a_parent_with_workers_killed_from_outside_leaves_no_orphan(tmp_path: Path) -> None:
    images = write_images(tmp_path / "images", 24, 32)
    requested = make_runs("biharmonic", "free-form", images)
    undisturbed = kept(go(requested, tmp_path / "calm", batch_size=2).path)
    name = next((tmp_path / "calm").iterdir()).name
    code = "import sys; from bench.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "run", "--method", "biharmonic", "--quiet"]
    command += ["--mask", "free-form", "--dataset", f"folder:{images}", "--metrics", "l1,psnr"]
    command += ["--workers", "2", "--batch-size", "2"]
    for attempt in range(5):
        out = tmp_path / "runs" / f"killed-{attempt}"
        parent = subprocess.Popen([*command, "--out", str(out)], cwd=ROOT)
        records = out / name / "records.jsonl"
        lines = 1 + derive_seed("kill workers", attempt) % 20
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and parent.poll() is None:
            if records.exists() and records.read_bytes().count(b"\n") >= lines:
                break
            time.sleep(0.002)
        workers = _descendants(parent.pid)
        if attempt % 2:
            os.kill(workers[-1], signal.SIGKILL)
            assert parent.wait() == 0
        else:
            parent.send_signal(signal.SIGKILL)
            parent.wait()
        while any(Path(f"/proc/{worker}").exists() for worker in workers):
            assert time.monotonic() < deadline, "a worker outlived its parent"
            time.sleep(0.05)
        subprocess.run([*command, "--out", str(out)], cwd=ROOT, check=True)
        assert kept(out / name) == undisturbed


def _descendants(process: int) -> list[int]:
    """Return the process ids of the children and their children."""
    children = Path(f"/proc/{process}/task/{process}/children")
    pids = [int(text) for text in children.read_text().split()] if children.exists() else []
    return [pid for child in pids for pid in (child, *_descendants(child))]
