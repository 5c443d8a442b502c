"""Scores that still hold are kept, others computed again; sets are known by their records."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from bench.api import RequestError
from bench.api.imaging import encode_png
from bench.api.pairs import ImagePair
from bench.metrics.lpips import LPIPS
from bench.plan.request import Request, runs
from bench.runner import benchmark
from bench.runner.options import Options
from bench.runner.progress import Silent
from bench.scoring.sets import PngSet
from bench.store.summary import ImageEntry, Summary


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    request = Request(("telea",), ("half",), "photos", size=32, limit=2)
    out = Options(tmp_path_factory.mktemp("runs"))
    (result,) = benchmark.run_all(
        runs(request), out, metrics=("l1", "lpips"), workers=1, progress=Silent()
    )
    return result.path


def score_again(run: Path, metric: str) -> Summary:
    (result,) = benchmark.score_runs([run], metrics=[metric], progress=Silent())
    assert result.summary is not None
    return result.summary


def test_the_assets_of_a_metric_are_in_the_summary(scored: Path) -> None:
    loaded = json.loads((scored / "summary.json").read_bytes())
    assert loaded["schema_version"] == 2
    assert loaded["metrics"]["l1"]["assets"] == {}
    assert loaded["metrics"]["lpips"]["assets"] == dict(LPIPS().assets())


@pytest.mark.parametrize(
    ("assets", "version", "calls"), [({"trunk": "0"}, 2, 2), (None, 2, 0), (None, 1, 0)]
)
def test_a_score_is_kept_unless_the_metric_has_other_weights(
    scored: Path, monkeypatch: pytest.MonkeyPatch, assets: object, version: int, calls: int
) -> None:
    before = (scored / "summary.json").read_bytes()
    loaded = json.loads(before)
    loaded["schema_version"] = version
    if assets is not None:
        loaded["metrics"]["lpips"]["assets"] = assets
    elif version == 1:
        for entry in loaded["metrics"].values():
            del entry["assets"]
    (scored / "summary.json").write_text(json.dumps(loaded))
    counted = []
    compute = LPIPS.of_pairs

    def count(self: LPIPS, pairs: Sequence[ImagePair], device: str = "cpu") -> list[float]:
        counted.extend(pairs)
        return compute(self, pairs, device)

    monkeypatch.setattr(LPIPS, "of_pairs", count)
    entry = score_again(scored, "lpips").metrics["lpips"]
    assert isinstance(entry, ImageEntry)
    assert entry.n == 2
    assert len(counted) == calls
    assert (scored / "summary.json").read_bytes() == before


def test_a_set_is_known_by_what_its_records_say(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        data = encode_png(torch.full((3, 4, 4), ord(name), dtype=torch.uint8))
        (tmp_path / name).write_bytes(data)
        files.append((tmp_path / name, hashlib.sha256(data).hexdigest()))
    images = PngSet(files)
    digests = b"".join(hashlib.sha256(path.read_bytes()).digest() for path, _ in files)
    assert images.content_hash == hashlib.sha256(digests).hexdigest()
    assert [int(image.max()) for image in images] == [97, 98]
    (tmp_path / "b").write_bytes((tmp_path / "a").read_bytes())
    with pytest.raises(RequestError, match=r"b is not the file that the run wrote\. Run it again"):
        list(images)
