"""Record, Manifest and Summary: what is written is read back, and old files still are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bench.store.manifest import Loading, Manifest, Timing
from bench.store.record import Record, read_records
from bench.store.summary import Summary, read_summary
from tests.conftest import ROOT

REFERENCES = sorted((ROOT / "results/leaderboards").glob("*/runs/*"))
DONE = Record(
    *("a@1", "a", "photo", "ok", None, 1, 2, 0.5, False, {"mask": {"bin": 3}}, 4, 5, 0.25, 3, 2, 6),
    *("h1", "h2", "h3", "h4"),
)


def test_a_record_is_one_line_and_read_back() -> None:
    line = DONE.to_json()
    assert line == (
        b'{"id": "a@1", "image_id": "a", "source": "photo", "status": "ok", "error": null, '
        b'"mask_seed": 1, "seed": 2, "seconds": 0.5, "warm": false, "notes": {"mask": {"bin": 3}}, '
        b'"height": 4, "width": 5, "hole_fraction": 0.25, "evaluations": 3, "gradients": 2, '
        b'"peak_memory": 6, "sha256": "h1", "pixels_sha256": "h2", "target_sha256": "h3", '
        b'"hole_sha256": "h4"}'
    )
    assert Record.from_json(line) == DONE


def test_a_failed_image_says_what_is_known_of_it() -> None:
    unread = Record("a", "a", "a", "error", "no such file", 1, 2)
    assert list(json.loads(unread.to_json())) == [
        *("id", "image_id", "source", "status", "error", "mask_seed", "seed", "seconds", "warm"),
        "notes",
    ]
    drawn = replace(unread, height=4, width=4, hole_fraction=0.5)
    assert list(json.loads(drawn.to_json()))[-3:] == ["height", "width", "hole_fraction"]
    lost = Record("a", "a", "a", "error", "the worker died")
    assert json.loads(lost.to_json()) == {
        "id": "a", "image_id": "a", "status": "error", "error": "the worker died",
    }  # fmt: skip
    for record in (unread, drawn, lost):
        assert Record.from_json(record.to_json()) == record


def test_a_record_of_an_older_version_is_read_without_its_timing() -> None:
    old = {**json.loads(DONE.to_json()), "load_seconds": 1.5, "first_batch_seconds": 2.0}
    assert Record.from_json(json.dumps(old).encode()) == DONE


@pytest.mark.parametrize("lacking", ["sha256", "target_sha256", "hole_sha256", "hole_fraction"])
def test_a_run_is_not_resumed_from_a_record_without_its_hashes(lacking: str) -> None:
    assert DONE.whole
    assert not replace(DONE, **{lacking: None}).whole


@pytest.mark.parametrize("line", [b"", b"[]", b"{}", b'{"id": 1, "status": "ok"}', b'{"id": "a"}'])
def test_a_line_that_is_no_record_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"id|status|Expecting"):
        Record.from_json(line)


def test_every_committed_reference_is_read_and_its_manifest_written_back_as_it_was() -> None:
    assert len(REFERENCES) >= 80
    for path in REFERENCES:
        data = (path / "manifest.json").read_bytes()
        manifest = Manifest.from_json(data)
        assert manifest.to_json() == data
        records = list(read_records(path))
        assert len(records) == manifest.plan.n * manifest.spec["samples"]
        assert all(record.pixels_sha256 and record.hole_fraction for record in records)
        summary = read_summary(path)
        older = {"gradients": None, "weights": []}  # not recorded when the references were made
        loaded = {**older, **json.loads((path / "summary.json").read_bytes())}
        if loaded["schema_version"] == 1:  # without the metrics' assets
            assert all(entry.assets is None for entry in summary.metrics.values())
            for entry in loaded["metrics"].values():
                entry["assets"] = None
        assert json.loads(summary.to_json()) == loaded
        assert Summary.from_json(summary.to_json()) == summary


def test_a_manifest_keeps_what_another_version_wrote(tmp_path: Path) -> None:
    loaded = json.loads((REFERENCES[0] / "manifest.json").read_bytes())
    manifest = Manifest.from_json(json.dumps({**loaded, "colour": "blue"}).encode())
    again = Manifest.from_json(manifest.with_loading(Loading(1.0, 2.0)).to_json())
    assert again.others == {"colour": "blue"}
    assert again.timing.load_seconds == (*manifest.timing.load_seconds, 1.0)


def test_the_loadings_of_workers_that_differ_are_all_named() -> None:
    loaded = Manifest.from_json((REFERENCES[0] / "manifest.json").read_bytes())
    manifest = replace(loaded, dtype=None, timing=Timing())
    for dtype in ("float32", "bfloat16", None, "float32"):
        manifest = manifest.with_loading(Loading(1.0, 2.0, dtype))
    assert manifest.dtype == "bfloat16, float32"
    assert manifest.timing == Timing((1.0,) * 4, (2.0,) * 4)
