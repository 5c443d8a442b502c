"""PNGs, seals, records and manifests that were damaged: found, made again or refused."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.api import RequestError
from bench.store import directory, integrity
from tests.faults.running import go, kept, make_runs, one_error, run_command

Mount = Callable[[str], Path]


@pytest.mark.parametrize("kind", ["output", "target", "hole"])
@pytest.mark.parametrize("damage", ["truncated", "gone", "empty", "another"])
def test_a_damaged_png_is_made_again(
    kind: str, damage: str, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    requested = make_runs("telea", "random-box", folder)
    path = go(requested, tmp_path / "out").path
    png = path / "images" / kind / "004.png"
    data = png.read_bytes()
    other = png.with_name("005.png").read_bytes()
    png.write_bytes({"truncated": data[:40], "another": other}.get(damage, b""))
    if damage == "gone":
        png.unlink()
    again = go(requested, tmp_path / "out")
    assert again.n_new == 1
    assert kept(path) == undisturbed


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the PNGs that are read to be hashed."""
    read: list[str] = []
    file_hash = directory._file_hash

    def noted(path: str) -> str | None:
        read.append(path)
        return file_hash(path)

    monkeypatch.setattr(directory, "_file_hash", noted)
    return read


def test_what_bears_a_seal_is_not_hashed_again(
    folder: Path, tmp_path: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    requested = make_runs("telea", "random-box", folder)
    path = go(requested, tmp_path / "out").path
    for _ in range(2):
        assert go(requested, tmp_path / "out").n_new == 0
    assert hashed == []
    (path / "seals.txt").unlink()
    go(requested, tmp_path / "out")
    assert len(hashed) == 30
    monkeypatch.setattr(integrity, "_boot_id", lambda: "the machine was started again")
    for _ in range(2):
        assert go(requested, tmp_path / "out").n_new == 0
    assert len(hashed) == 60  # once after the start
    monkeypatch.setattr(integrity, "_boot_id", lambda: None)
    go(requested, tmp_path / "out")
    assert len(hashed) == 90


def test_a_copied_run_is_hashed_and_kept(folder: Path, tmp_path: Path, hashed: list[str]) -> None:
    requested = make_runs("telea", "random-box", folder)
    go(requested, tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "copy")
    assert go(requested, tmp_path / "copy").n_new == 0
    assert len(hashed) == 30


@pytest.mark.parametrize("seal", [b"", b"\xff\x00", b"a\n" * 9])
def test_mangled_seals_vouch_for_nothing(
    seal: bytes, folder: Path, undisturbed: dict[str, str], tmp_path: Path, hashed: list[str]
) -> None:
    requested = make_runs("telea", "random-box", folder)
    path = go(requested, tmp_path / "out").path
    (path / "seals.txt").write_bytes(seal)
    (path / "images/output/004.png").write_bytes(b"no PNG")
    assert go(requested, tmp_path / "out").n_new == 1
    assert hashed
    assert kept(path) == undisturbed


@pytest.mark.parametrize("kind", ["output", "target", "hole"])
def test_a_png_changed_behind_its_size_and_time_is_made_again(
    kind: str, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    requested = make_runs("telea", "random-box", folder)
    path = go(requested, tmp_path / "out").path
    png = path / "images" / kind / "004.png"
    before = png.stat()
    data = bytearray(png.read_bytes())
    data[-20] ^= 1
    png.write_bytes(data)
    os.utime(png, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (png.stat().st_size, png.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert go(requested, tmp_path / "out").n_new == 1
    assert kept(path) == undisturbed


@pytest.mark.parametrize("cut", [1, 50, 400])
def test_a_torn_last_record_is_made_again(
    cut: int, folder: Path, undisturbed: dict[str, str], tmp_path: Path
) -> None:
    requested = make_runs("telea", "random-box", folder)
    path = go(requested, tmp_path / "out").path
    records = path / "records.jsonl"
    os.truncate(records, records.stat().st_size - cut)
    again = go(requested, tmp_path / "out")
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
    path = go(make_runs("telea", "random-box", folder), tmp_path / "out").path
    good = (path / "manifest.json").read_bytes()
    (path / "manifest.json").write_bytes(manifest)
    assert run_command(folder, tmp_path / "out") == 2
    assert "Move the folder away and run again." in one_error(capsys)
    (path / "manifest.json").write_bytes(good)
    assert run_command(folder, tmp_path / "out") == 0
    assert kept(path) == undisturbed


def test_a_manifest_of_another_run_is_refused(folder: Path, tmp_path: Path) -> None:
    requested = make_runs("telea", "random-box", folder)
    path = go(requested, tmp_path / "out").path
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["spec"]["method"]["version"] = "0"
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RequestError, match="belongs to another run"):
        go(requested, tmp_path / "out")
