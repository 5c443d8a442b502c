"""A disk that is full or read-only, files that are torn, a clock that jumps, two processes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from bench import files, manifest, seals, store
from bench.api import RequestError
from bench.cli import main
from bench.seeds import derive_seed
from bench.store import RunDirectory
from tests.conftest import write_images
from tests.faults.killing import finish, fork
from tests.faults.running import go, kept, make_runs

Mount = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("data") / "images", 10, 16)


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("calm")
    return kept(go(make_runs("telea", "random-box", folder), out).report.path)


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


def run_command(folder: Path, out: Path) -> int:
    """Run the command line in this process; return its exit code."""
    arguments = ["run", "--method", "telea", "--mask", "random-box", "--metrics", "l1,psnr"]
    arguments += ["--dataset", f"folder:{folder}", "--out", str(out), "--workers", "1", "--quiet"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def one_error(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line on stderr."""
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    return captured.err


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
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        nonlocal writes
        writes += 1
        if writes == fails_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail)
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

    wanted = make_runs("telea", "random-box", folder)
    monkeypatch.setattr(RunDirectory, "append", half)
    with pytest.raises(OSError, match="No space"):
        go(wanted, tmp_path / "out")
    monkeypatch.undo()
    result = go(wanted, tmp_path / "out")
    assert result.report.remarks == ["a torn last record was dropped"]
    assert 0 < result.report.n_new < 10
    assert kept(result.report.path) == undisturbed


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


@pytest.mark.parametrize("kind", ["output", "target", "hole"])
@pytest.mark.parametrize("damage", ["truncated", "gone", "empty", "another"])
def test_a_damaged_png_is_made_again(
    kind: str, damage: str, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    wanted = make_runs("telea", "random-box", folder)
    path = go(wanted, tmp_path / "out").report.path
    png = path / "images" / kind / "004.png"
    data = png.read_bytes()
    other = png.with_name("005.png").read_bytes()
    png.write_bytes({"truncated": data[:40], "another": other}.get(damage, b""))
    if damage == "gone":
        png.unlink()
    again = go(wanted, tmp_path / "out").report
    assert again.n_new == 1
    assert kept(path) == undisturbed


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the PNGs that are read to be hashed."""
    read: list[str] = []
    file_hash = store._file_hash

    def noted(path: str) -> str | None:
        read.append(path)
        return file_hash(path)

    monkeypatch.setattr(store, "_file_hash", noted)
    return read


def test_what_bears_a_seal_is_not_hashed_again(
    folder: Path, tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = make_runs("telea", "random-box", folder)
    path = go(wanted, tmp_path / "out").report.path
    for _ in range(2):
        assert go(wanted, tmp_path / "out").report.n_new == 0
    assert hashed == []
    (path / "seals.txt").unlink()
    go(wanted, tmp_path / "out")
    assert len(hashed) == 30
    monkeypatch.setattr(seals, "_boot_id", lambda: "the machine was started again")
    for _ in range(2):
        assert go(wanted, tmp_path / "out").report.n_new == 0
    assert len(hashed) == 60  # once after the start
    monkeypatch.setattr(seals, "_boot_id", lambda: None)
    go(wanted, tmp_path / "out")
    assert len(hashed) == 90


def test_a_copied_run_is_hashed_and_kept(folder: Path, tmp_path: Path, hashed: list[str]) -> None:
    wanted = make_runs("telea", "random-box", folder)
    go(wanted, tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    assert go(wanted, tmp_path / "copy").report.n_new == 0
    assert len(hashed) == 30


@pytest.mark.parametrize("seal", [b"", b"\xff\x00", b"a\n" * 9])
def test_mangled_seals_vouch_for_nothing(
    seal: bytes, folder: Path, undisturbed: dict[str, str], tmp_path: Path, hashed: list[str]
) -> None:
    wanted = make_runs("telea", "random-box", folder)
    path = go(wanted, tmp_path / "out").report.path
    (path / "seals.txt").write_bytes(seal)
    (path / "images/output/004.png").write_bytes(b"no PNG")
    assert go(wanted, tmp_path / "out").report.n_new == 1
    assert hashed
    assert kept(path) == undisturbed


@pytest.mark.parametrize("kind", ["output", "target", "hole"])
def test_a_png_changed_behind_its_size_and_time_is_made_again(
    kind: str, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    wanted = make_runs("telea", "random-box", folder)
    path = go(wanted, tmp_path / "out").report.path
    png = path / "images" / kind / "004.png"
    before = png.stat()
    data = bytearray(png.read_bytes())
    data[-20] ^= 1
    png.write_bytes(data)
    os.utime(png, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (png.stat().st_size, png.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert go(wanted, tmp_path / "out").report.n_new == 1
    assert kept(path) == undisturbed


@pytest.mark.parametrize("cut", [1, 50, 400])
def test_a_torn_last_record_is_made_again(
    cut: int, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    wanted = make_runs("telea", "random-box", folder)
    path = go(wanted, tmp_path / "out").report.path
    records = path / "records.jsonl"
    os.truncate(records, records.stat().st_size - cut)
    again = go(wanted, tmp_path / "out").report
    assert (again.n_new, again.remarks) == (1, ["a torn last record was dropped"])
    assert kept(path) == undisturbed


@pytest.mark.parametrize(
    "manifest", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema_version": 1}', b"[" * 100_000]
)
def test_a_broken_manifest_is_refused_and_nothing_is_lost(
    manifest: bytes,
    folder: Path,
    undisturbed: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = go(make_runs("telea", "random-box", folder), tmp_path / "out").report.path
    good = (path / "manifest.json").read_bytes()
    (path / "manifest.json").write_bytes(manifest)
    assert run_command(folder, tmp_path / "out") == 2
    assert "Move the folder away and run again." in one_error(capsys)
    (path / "manifest.json").write_bytes(good)
    assert run_command(folder, tmp_path / "out") == 0
    assert kept(path) == undisturbed


def test_a_manifest_of_another_run_is_refused(folder: Path, tmp_path: Path) -> None:
    wanted = make_runs("telea", "random-box", folder)
    path = go(wanted, tmp_path / "out").report.path
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["spec"]["method"]["version"] = "0"
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RequestError, match="belongs to another run"):
        go(wanted, tmp_path / "out")


def test_a_clock_that_jumps_back_changes_nothing(
    folder: Path, undisturbed: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = make_runs("telea", "random-box", folder)
    path = go(wanted, tmp_path / "out").report.path
    for file in path.rglob("*.*"):
        os.utime(file, (4e9, 4e9))  # all that is there is of the year 2096
    (path / "images/output/003.png").unlink()
    ticks = iter(range(10**6, 0, -1))
    monkeypatch.setattr(time, "time", lambda: float(next(ticks)))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(ticks)))
    assert go(wanted, tmp_path / "out").report.n_new == 1
    assert kept(path) == undisturbed


@pytest.mark.parametrize("attempt", range(3))
def test_of_two_processes_on_one_run_one_works_and_nothing_is_lost(
    attempt: int, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    wanted = make_runs("telea", "random-box", folder)

    def compete() -> None:
        try:
            go(wanted, tmp_path / "out", batch_size=1 + attempt)
        except RequestError as error:
            os._exit(2 if "owned by another running process" in str(error) else 3)

    children = [fork(compete) for _ in range(3)]
    codes = [finish(child) for child in children]
    assert set(codes) <= {0, 2}
    assert 0 in codes
    result = go(wanted, tmp_path / "out")
    assert kept(result.report.path) == undisturbed
    lines = (result.report.path / "records.jsonl").read_text().splitlines()
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
    while not (tmp_path / "held").exists():
        time.sleep(0.005)
    with pytest.raises(RequestError, match="another running process"), RunDirectory(path).owned():
        pass
    os.kill(child, 9)
    assert finish(child) == -9
    with RunDirectory(path).owned():
        pass


def test_the_code_version_survives_a_missing_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert manifest.code_version()["commit"] is None
