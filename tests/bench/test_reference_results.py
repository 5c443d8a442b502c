"""The committed reference results: whole, small, private to nobody, and what the tables say."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from bench.plan.spec import spec_hash
from bench.report.boards import make_boards
from bench.report.protocol import load_protocol, published
from bench.report.tabular import lines_of
from bench.store.scored_run import load_runs
from tests.conftest import ROOT

FOLDER = ROOT / "results/leaderboards"
# Folder -> the fewest runs in it: masks times methods times seeds.
FOLDERS = {
    "photos": 40,
    "fashion-mnist": 40,
    "free-photos-256": 56,
    "free-photos-512": 56,
    "tiny-imagenet": 10,
}


@pytest.fixture(scope="module", params=FOLDERS)
def folder(request: pytest.FixtureRequest) -> Path:
    return FOLDER / str(request.param)


def test_every_reference_is_whole(folder: Path) -> None:
    manifests = sorted((folder / "runs").glob("*/manifest.json"))
    assert len(manifests) >= FOLDERS[folder.name]
    for path in manifests:
        manifest = json.loads(path.read_bytes())
        assert spec_hash(manifest["spec"]) == manifest["spec_sha256"]
        assert path.parent.name.endswith(manifest["spec_sha256"][:8])
        n = manifest["plan"]["n"]
        for name in ("records.jsonl", "scores.csv"):
            lines = (path.parent / name).read_text("utf-8").splitlines()
            assert len(lines) == n + (name == "scores.csv"), path


def test_the_tables_are_made_of_the_runs(folder: Path) -> None:
    lines = lines_of(make_boards(load_runs([folder / "runs"])))
    with (folder / "leaderboard.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["method"] for row in rows] == [line["method"] for line in lines]
    keys = ["psnr", "lpips", "lpips_low"] + ["l1"] * (folder.name != "tiny-imagenet")
    for row, line in zip(rows, lines, strict=True):
        for key in keys:
            assert float(row[key]) == pytest.approx(line[key], rel=1e-9)


@pytest.mark.parametrize("dataset", ["photos", "fashion-mnist"])
def test_our_published_numbers_are_the_tables(dataset: str) -> None:
    protocol = load_protocol(f"baselines-{dataset}")
    with (FOLDER / dataset / "leaderboard.csv").open(encoding="utf-8") as file:
        rows = {(row["mask"], row["method"]): row for row in csv.DictReader(file)}
    numbers = published(protocol)
    assert {(n.mask, n.method) for n in numbers} == set(rows)
    for number in numbers:
        value = float(rows[number.mask, number.method][number.metric])
        assert float(number.text) == pytest.approx(value, abs=10 ** -len(number.text.split(".")[1]))


def test_the_folder_stays_small() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 8_000_000
    assert not [path for path in files if path.suffix == ".png"]
