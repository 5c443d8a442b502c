"""`bench verify`: references that hold, that do not, and that belong to other code or data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import verify
from bench.api import RequestError
from bench.campaign import Silent, run_all
from bench.request import Request, runs
from bench.runner import Options


def reference(tmp_path: Path) -> Path:
    """Make a run of two photographs and keep of it what is committed."""
    request = Request(("telea",), ("center-box",), "photos", size=32, limit=2)
    options = Options(tmp_path / "runs")
    (result,) = run_all(runs(request), options, metrics=("l1",), workers=1, progress=Silent())
    kept = tmp_path / "reference" / result.report.path.name
    kept.mkdir(parents=True)
    for name in ("manifest.json", "records.jsonl", "scores.csv"):
        (kept / name).write_bytes((result.report.path / name).read_bytes())
    return kept


def check(path: Path, count: int = 2) -> verify.Verdict:
    return verify.verify(path, count=count, on_progress=lambda done, total: None)


def test_a_reference_made_here_is_reproduced(tmp_path: Path) -> None:
    path = reference(tmp_path)
    assert verify.references((tmp_path / "reference",)) == [path]
    verdict = check(path)
    assert (verdict.n, verdict.exact, verdict.off) == (2, 2, ())
    assert verdict.text() == f"{path.name}: reproduced, 2 of 2 images equal to the bit"


def test_other_pixels_are_named(tmp_path: Path) -> None:
    path = reference(tmp_path)
    records = path / "records.jsonl"
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    lines[1]["pixels_sha256"] = "0" * 64
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    verdict = check(path)
    assert verdict.off == (f"{lines[1]['id']} has other pixels",)
    assert "NOT reproduced, 1 of 2" in verdict.text()


def test_another_version_is_refused(tmp_path: Path) -> None:
    path = reference(tmp_path)
    manifest = json.loads((path / "manifest.json").read_bytes())
    manifest["spec"]["method"]["version"] = "0"
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(RequestError, match="telea: the reference has version '0', this machine"):
        check(path)


def test_a_network_may_differ_a_little_and_not_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = reference(tmp_path)
    monkeypatch.setattr("methods.classical.Telea.single_threaded", False)
    records = path / "records.jsonl"
    records.write_text(records.read_text().replace('"pixels_sha256": "', '"pixels_sha256": "x'))
    assert check(path).off == ()
    header, *rows = (path / "scores.csv").read_text().splitlines()
    doubled = [f"{i},{2 * float(v)}" for i, v in (row.split(",") for row in rows)]
    (path / "scores.csv").write_text("\n".join([header, *doubled]) + "\n")
    (off,) = check(path).off
    assert off.startswith("mean l1 is ")


def test_no_reference_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No reference results"):
        verify.references((tmp_path,))
