"""A disk that is full or read-only, files that are torn, a clock that jumps, two processes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from bench.api import RequestError, files
from bench.api.seeds import derive_seed
from bench.complete import worker
from bench.store import manifest
from bench.store.directory import RunDirectory
from tests.conftest import wait_until
from tests.faults.killing import finish, fork
from tests.faults.running import go, kept, make_runs, one_error, run_command

Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount small file systems in memory, where this user may; they vanish after the test."""
    mounted: list[Path] = []

    def make(options: str) -> Path:
        path = tmp_path / f"mount-{len(mounted)}"
        path.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except OSError as error:
            pytest.skip(f"no tmpfs can be mounted here: {error}")
        if done.returncode:
            pytest.skip(f"no tmpfs can be mounted here: {done.stderr.strip()}")
        mounted.append(path)
        return path

    yield make
    for path in mounted:
        subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.mark.parametrize("kilobytes", [8, 24, 60, 100])
def test_a_full_disk_is_one_line_and_loses_nothing(
    kilobytes: int,
    folder: Path,
    undisturbed: dict[str, str],
    mount: Mount,
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = mount(f"size={kilobytes}k")
    assert run_command(folder, out) == 2
    message = one_error(capsys)
    assert "No space left on device" in message
    assert str(out) in message
    subprocess.run(["mount", "-o", "remount,size=4m", str(out)], check=True)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("images/output/*.png")}
    recorded = [p.read_bytes().count(b'"ok"') for p in out.glob("*/records.jsonl")]
    assert run_command(folder, out) == 0
    assert kept(next(out.glob("telea*"))) == undisturbed
    again = [path for path, when in before.items() if path.stat().st_mtime_ns != when]
    assert len(before) - len(again) >= sum(recorded)  # what was recorded was not made again


@pytest.mark.parametrize("attempt", range(5))
def test_a_disk_that_fills_at_any_write_loses_nothing(
    attempt: int,
    folder: Path,
    undisturbed: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    writes = 0
    fails_at = 1 + derive_seed("disk", attempt) % 33  # three PNGs an image, manifest, scores
    replace = os.replace

    def fail(source: str, target: str) -> None:
        nonlocal writes
        writes += 1
        if writes == fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    assert run_command(folder, tmp_path / "out") == 2
    assert "No space left on device. What was finished is kept" in one_error(capsys)
    assert not list((tmp_path / "out").rglob("*.tmp"))
    assert run_command(folder, tmp_path / "out") == 0
    assert kept(next((tmp_path / "out").glob("telea*"))) == undisturbed


def test_a_record_of_which_half_was_written_is_made_again(
    folder: Path, undisturbed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = RunDirectory.append

    def half(self: RunDirectory, records: list[dict[str, object]]) -> NoReturn:
        append(self, records)
        path = self.path / "records.jsonl"
        os.truncate(path, path.stat().st_size - 100)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    requested = make_runs("telea", "random-box", folder)
    monkeypatch.setattr(RunDirectory, "append", half)
    with pytest.raises(OSError, match="No space"):
        go(requested, tmp_path / "out")
    monkeypatch.undo()
    result = go(requested, tmp_path / "out")
    assert result.remarks == ["a torn last record was dropped"]
    assert 0 < result.n_new < 10
    assert kept(result.path) == undisturbed


def test_what_a_worker_measured_at_loading_outlives_the_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> NoReturn:
        raise KeyboardInterrupt  # as a kill would, between the PNGs and their records

    worker._load.cache_clear()
    monkeypatch.setattr(RunDirectory, "append", stop)
    with pytest.raises(KeyboardInterrupt):
        go(make_runs("telea", "random-box", folder), tmp_path / "out")
    (path,) = (tmp_path / "out").glob("telea*")
    timing = json.loads((path / "manifest.json").read_bytes())["timing"]
    assert {key: len(seconds) for key, seconds in timing.items()} == {
        "load_seconds": 1,
        "first_batch_seconds": 1,
    }


def test_the_error_of_a_failed_write_names_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> NoReturn:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*/facts\.json'$"):
        files.write_atomic(tmp_path / "facts.json", b"{}")
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_is_one_line(
    folder: Path, mount: Mount, capsys: pytest.CaptureFixture[str]
) -> None:
    out = mount("ro,size=64k")
    assert run_command(folder, out) == 2
    assert "Read-only file system. Give another folder with --out." in one_error(capsys)


def test_a_folder_without_permission_is_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere; the read-only mount is tested instead")
    (tmp_path / "out").mkdir(mode=0o500)
    assert run_command(folder, tmp_path / "out") == 2
    assert "Permission denied. Give another folder with --out." in one_error(capsys)


def test_a_file_where_the_folder_should_be_is_one_line(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("a file")
    assert run_command(folder, tmp_path / "out") == 2
    assert "--out" in one_error(capsys)


def test_a_clock_that_jumps_back_changes_nothing(
    folder: Path, undisturbed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = make_runs("telea", "random-box", folder)
    path = go(requested, tmp_path / "out").path
    for file in path.rglob("*.*"):
        os.utime(file, (4e9, 4e9))  # all that is there is of the year 2096
    (path / "images/output/003.png").unlink()
    ticks = iter(range(10**6, 0, -1))
    monkeypatch.setattr(time, "time", lambda: float(next(ticks)))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    assert go(requested, tmp_path / "out").n_new == 1
    assert kept(path) == undisturbed


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_processes_on_one_run_one_works_and_nothing_is_lost(
    attempt: int, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    requested = make_runs("telea", "random-box", folder)

    def compete() -> None:
        try:
            go(requested, tmp_path / "out", batch_size=1 + attempt)
        except RequestError as error:
            os._exit(2 if "owned by another running process" in str(error) else 3)

    children = [fork(compete) for _ in range(3)]
    codes = [finish(child) for child in children]
    assert set(codes) <= {0, 2}
    assert 0 in codes
    result = go(requested, tmp_path / "out")
    assert kept(result.path) == undisturbed
    lines = (result.path / "records.jsonl").read_text().splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert sorted(ids) == [f"{i:03d}" for i in range(10)]  # no image was done twice


def test_the_locks_of_a_killed_process_are_free(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "run"

    def hold() -> NoReturn:
        with RunDirectory(path).owned():
            (tmp_path / "held").touch()
            time.sleep(60)
        os._exit(3)

    child = fork(hold)
    wait_until((tmp_path / "held").exists)
    with pytest.raises(RequestError, match="another running process"), RunDirectory(path).owned():
        pass
    os.kill(child, 9)
    assert finish(child) == -9
    with RunDirectory(path).owned():
        pass


def test_the_code_version_survives_a_missing_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert manifest.code_version()["commit"] is None


def test_the_lock_is_free_although_a_process_being_started_has_a_copy_of_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run"
    with RunDirectory(path).owned():
        child = fork(lambda: time.sleep(60))  # as a worker is, before it runs another program
        with pytest.raises(RequestError, match="another running"), RunDirectory(path).owned():
            pass
    try:
        with RunDirectory(path).owned():
            assert (path / "lock").is_file()
    finally:
        os.kill(child, 9)
        finish(child)
