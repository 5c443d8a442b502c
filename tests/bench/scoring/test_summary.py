"""The summary of a run: what a reader would otherwise be misled by."""

from __future__ import annotations

from bench.scoring.summary import samples_entry
from bench.store.record import Record


def _record(image_id: str, source: str) -> Record:
    return Record(f"{image_id}@0", image_id, source, "ok", hole_fraction=0.25)


def test_one_photograph_gives_no_interval() -> None:
    values = {"a-0": 1.0, "a-1": 2.0}
    one = [_record("a-0", "a"), _record("a-1", "a")]
    two = [_record("a-0", "a"), _record("a-1", "b")]
    assert samples_entry("l1", values, one).interval is None
    assert samples_entry("l1", values, two).interval == (1.0, 2.0)
