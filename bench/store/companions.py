"""Runs on the same images and holes as another: the rows to show beside its own."""

from __future__ import annotations

import warnings
from pathlib import Path

from bench.api import RequestError
from bench.plan.spec import Spec
from bench.store.scored_run import ScoredRun, load_runs

_SAME = ("mask", "size", "limit", "mask_seed")


def companions(run: Path, spec: Spec, folder: Path) -> list[ScoredRun]:
    """Return the complete runs in a folder on the same images and holes, without the run itself.

    run, spec: its directory, and what is written there.

    What cannot be read, or is not complete, is passed over.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            there = load_runs([folder])
        except RequestError:
            return []
    others = (other for other in there if other.path.resolve() != run.resolve())
    return [other for other in others if _same_images_and_holes(spec, other.spec)]


def _same_images_and_holes(one: Spec, other: Spec) -> bool:
    contents = [spec["dataset"].get("content_sha256") for spec in (one, other)]
    return contents[0] == contents[1] and all(one.get(k) == other.get(k) for k in _SAME)
