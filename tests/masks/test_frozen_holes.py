"""The holes of suites free-256 and free-512 are drawn to the same bits everywhere."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from bench import plugins
from bench.cli import cli
from bench.plan import request
from bench.plan.spec import hole_seed

# Mask -> sha256 of the pack at 256 and at 512, as `bench masks MASK --dataset free-photos --size N
# --out DIR` prints it ("holes sha256"); results/README.md has them as well.
FROZEN = {
    "center-box": (
        "fed3098646fa8acc9dccdbfef5bbfc1fe418a4113de22af8572dda5c255c3bc7",
        "becf00b5eb946f90a57e9423f2e13b611c48a10515a6e8463931ea06c8ba7f88",
    ),
    "random-box": (
        "a6b3a696675be77518cd8e0e4a7cf19d76149930a42a733e08d9fd01ea09c055",
        "d1f7b27d70c4de5af380c5f3fc67f6754efb8c8dbcd82a47601d6dea304e6cfe",
    ),
    "hybrid": (
        "77191d6b309dbae8e74a39e5b8a17e5ab1cfa120ce314e12b9188b3e9f8cd819",
        "ea406e77ec1d9cfe7df6bab55e74539c0c1cc470805770b99f704a225664a8d9",
    ),
    "irregular": (
        "04a7fa3bb72f42f617844027c607caeeb8b51a6ba3f30a39f4a2c5fd69492f41",
        "e97a50b0a9ae58f9ef8cbf4bd11a778698386154cb5b08c3db5217986df89321",
    ),
    "free-form": (
        "78a891f06333916cac54b79d724c3078d9796f3632940cd4a2a8f96ff3171749",
        "d69ea2f2e8d23274791b245ce3901ab483fbd416ed6d9fb0edf231e450ff421b",
    ),
    "lama-medium": (
        "7be5f8c902432257ebe9a7b9665c15e01e0c50883142a5dbb53090828daac9a3",
        "a63ea49108e50de857720035ccf33fd5745819e02145550b260ab254ef63eefb",
    ),
    "expand": (
        "3170b155c65303200644e942788271d8ad6045e3d627618f8b065733ef4b2d80",
        "15524a943c8aaec68a3eecf0c8d4c6f8f10146eaf30d44e6b618632b6fb4987a",
    ),
}


def holes_sha256(suite: str, mask: str) -> str:
    requested = dataclasses.replace(request.suite(suite), methods=("telea",), masks=(mask,))
    (run,) = request.runs(requested)
    size = requested.size or 0
    lines = ""
    for image_id in run.ids():
        hole = run.mask(size, size, hole_seed(run, image_id)).numpy()
        digest = hashlib.sha256(np.packbits(hole).tobytes()).hexdigest()
        lines += f"{image_id}.png {digest}\n"
    return hashlib.sha256(lines.encode()).hexdigest()


def test_every_mask_of_the_suites_is_frozen() -> None:
    for suite in ("free-256", "free-512"):
        assert set(request.suite(suite).masks) == set(FROZEN)


@pytest.mark.parametrize("place", [0, 1], ids=["free-256", "free-512"])
@pytest.mark.parametrize("mask", list(FROZEN))
def test_the_holes_are_the_frozen_ones(mask: str, place: int) -> None:
    assert holes_sha256(("free-256", "free-512")[place], mask) == FROZEN[mask][place]


def test_a_pack_of_a_dataset_holds_the_holes_that_runs_meet(tmp_path: Path) -> None:
    out = tmp_path / "pack"
    options = ["--dataset", "free-photos", "--size", "256", "--out", str(out), "--quiet"]
    done = CliRunner().invoke(cli, ["masks", "hybrid", *options])
    assert done.exit_code == 0, done.output
    assert json.loads((out / "pack.json").read_text())["holes_sha256"] == FROZEN["hybrid"][0]
    from_pack = plugins.mask(f"folder:{out},pairing=id")
    suite = request.Request(methods=("telea",), masks=("hybrid",), dataset="free-photos")
    (run,) = request.runs(suite)
    drawn = run.mask(256, 256, hole_seed(run, "goat"))
    assert (out / "goat.png").is_file()
    assert (from_pack.for_image("goat", 256, 256, 0) == drawn).all()


def test_a_count_and_a_dataset_are_one_too_many(tmp_path: Path) -> None:
    command = ["masks", "half", "--count", "3", "--dataset", "photos", "--out", str(tmp_path / "x")]
    done = CliRunner().invoke(cli, command)
    assert "--count or --dataset" in str(done.exception)
