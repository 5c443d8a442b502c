"""Batches are stored by a thread of its own: in order, all that came in, and errors are raised."""

from __future__ import annotations

from collections.abc import Iterator
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
