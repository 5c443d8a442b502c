"""Batches are stored by a thread of its own: in order, all that came in, and errors are raised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.complete.batch import ImageResult
from bench.runner import loop
from bench.store.directory import RunDirectory
from bench.store.record import Record


def batch(number: int) -> list[ImageResult]:
    return [ImageResult(Record(f"{number}", f"{number}", f"{number}", "error", "none"))]


def stored(directory: RunDirectory) -> list[str]:
    return [record.id for record in directory.each_record()]


def test_batches_are_stored_in_order_and_named_when_they_are(tmp_path: Path) -> None:
    directory, named = RunDirectory(tmp_path), []
    for done in loop._stored((batch(i) for i in range(20)), directory):
        named.append(done[0].record.id)
        assert stored(directory)[: len(named)] == named
    assert named == [str(i) for i in range(20)]


def test_what_came_in_is_stored_where_the_next_one_raises(tmp_path: Path) -> None:
    def batches() -> Iterator[list[ImageResult]]:
        yield batch(0)
        yield batch(1)
        raise KeyboardInterrupt

    directory = RunDirectory(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        list(loop._stored(batches(), directory))
    assert stored(directory) == ["0", "1"]


def test_the_error_of_storing_is_raised(tmp_path: Path) -> None:
    (tmp_path / "records.jsonl").mkdir()
    with pytest.raises(IsADirectoryError):
        list(loop._stored(iter([batch(0), batch(1)]), RunDirectory(tmp_path)))


def test_where_a_png_cannot_be_written_its_record_is_missing_too(tmp_path: Path) -> None:
    def outcome(sample: int) -> ImageResult:
        record = Record(f"a@{sample}", "a", "a", "ok", seed=sample, hole_fraction=0.5)
        record = replace(record, sha256="1", target_sha256="2", hole_sha256="3")
        return ImageResult(record, {"target": b"t", "hole": b"h", "output": b"%d" % sample})

    directory = RunDirectory(tmp_path)
    assert list(loop._stored(iter([[outcome(0), outcome(1)]]), directory))
    files = sorted(f"{path.parent.name}/{path.name}" for path in tmp_path.rglob("*.png"))
    assert files == ["hole/a.png", "output/a@0.png", "output/a@1.png", "target/a.png"]
    (tmp_path / "images" / "output" / "a@2.png").mkdir()
    with pytest.raises(OSError, match="a@2"):
        list(loop._stored(iter([[outcome(2)]]), directory))
    assert stored(directory) == ["a@0", "a@1"]
