"""What a page says beside its pictures and draws of samples, from real runs of free-photos."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

import bench
from bench.report.boards import make_boards
from bench.report.credits import credits
from bench.report.leaderboard import render
from bench.store.scored_run import load_runs


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """patchmatch three times on each of two photographs."""
    out = tmp_path_factory.mktemp("samples")
    bench.run(
        "patchmatch", "center-box", dataset="free-photos", size=32, limit=2, samples=3,
        metrics="psnr", out=out, workers=1,
    )  # fmt: skip
    return load_runs([out])


@pytest.fixture(scope="module")
def board(runs):
    data = re.findall(r'/json">(.*?)</script>', render(runs, "html"), re.S)[0]
    return json.loads(data)["boards"][0]


def test_every_picture_has_its_credit(board) -> None:
    cases = [c for some in board["cases"].values() for side in some.values() for c in side]
    shown = {*board["pictures"]["ids"], *(case["id"] for case in cases)}
    assert shown == set(board["credits"])
    assert board["credits"]["aitzgorri@0"].startswith("Aitzol Berasategi, CC-BY-4.0, ")


def test_the_best_of_k_goes_from_the_mean_to_the_best(runs, board) -> None:
    by_image = runs[0].scores["psnr"].to_numpy().reshape(2, 3)
    curve = board["rows"][0]["bestOf"]["psnr"]
    assert np.allclose([curve[0], curve[2]], [by_image.mean(), by_image.max(1).mean()])
    assert curve == sorted(curve)
    assert len(curve) == 3


@pytest.mark.parametrize(
    "changed",
    [{"name": "photos"}, {"name": "tests.bench.report:Other"}, {"version": "0"}],
    ids=["states none", "not registered", "another version"],
)
def test_other_datasets_state_no_credit(runs, changed: dict[str, str]) -> None:
    (board,) = make_boards(runs)
    row = board.rows[0]
    spec = {**row.runs[0].spec, "dataset": {**row.runs[0].spec["dataset"], **changed}}
    other = dataclasses.replace(row, runs=(dataclasses.replace(row.runs[0], spec=spec),))
    assert credits(board, ["aitzgorri@0"]) != {}
    assert credits(dataclasses.replace(board, rows=(other,)), ["aitzgorri@0"]) == {}
