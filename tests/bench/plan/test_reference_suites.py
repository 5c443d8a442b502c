"""The suites behind results/leaderboards: which methods get three seeds, and that it is those."""

from __future__ import annotations

import re

import pytest
import torch

from bench import plugins
from bench.api import is_seeded
from bench.plan import request

SUITES = ("reference-photos", "reference-fashion-mnist")


@pytest.mark.parametrize("name", SUITES)
def test_seeded_methods_get_every_seed_and_the_others_one(name: str) -> None:
    suite = request.suite(name)
    seeds: dict[str, list[int]] = {}
    for run in request.runs(suite):
        if run.mask.name == "irregular":
            seeds.setdefault(run.method.name, []).append(run.seed)
    assert {m: len(s) for m, s in seeds.items()} == {
        "telea": 1, "navier-stokes": 1, "biharmonic": 1, "scenecompletion": 1, "glcic": 1,
        "patchmatch": 3, "ddpm": 6,
    }  # fmt: skip
    assert seeds["ddpm"] == [0, 1, 2, 0, 1, 2]  # RePaint and the best sampler at its cost


def _quick(text: str) -> str:
    """Return a method with fewer steps, by the same sampler."""
    return re.sub("steps=[0-9]+", "steps=2", text)


def test_seeds_change_the_pictures_of_seeded_methods_alone() -> None:
    suite = request.suite("reference-fashion-mnist")
    dataset, mask = plugins.dataset("fashion-mnist"), plugins.mask("center-box")
    target, hole = dataset.load("test-00001")[None], mask(32, 32, 5)[None]
    for text in suite.methods:
        method = plugins.method(_quick(text))
        inpaint = method.load("cpu")
        first, again = (
            getattr(out, "image", out)
            for out in (inpaint(target * ~hole, hole, [seed]) for seed in (1, 2))
        )
        assert torch.equal(first, again) is not is_seeded(method), text


def test_a_method_that_seeds_do_not_change_runs_once() -> None:
    suite = request.Request(("telea", "patchmatch"), ("half",), "photos", size=32, seeds=(0, 1))
    made = [(run.method.name, run.seed) for run in request.runs(suite)]
    assert made == [("telea", 0), ("patchmatch", 0), ("patchmatch", 1)]
