"""Scoring without running: folders of outputs made elsewhere, and run directories once more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import plugins
from bench.api import RequestError
from bench.complete.external import find_outputs
from bench.execute.local import InProcess
from bench.plan import request
from bench.plan.spec import Run
from bench.runner.benchmark import Progress, Result, run_all
from bench.runner.loop import Options, Report
from bench.scoring import images as scoring
from bench.store.directory import RunDirectory


def outputs(
    folder: Path,
    asked: Mapping[str, Any],
    *,
    out: Path,
    metrics: Sequence[str] | None,
    progress: Progress,
) -> list[Result]:
    """Score a folder of outputs as if they were a run.

    asked: name, layout, dataset, mask, size, limit, mask_seed, as on the command line.
    """
    dataset = request.load_dataset(asked["dataset"], asked["size"])
    ids = dataset.ids()[: asked["limit"]]
    method = find_outputs(asked["name"], folder, ids, asked["layout"])
    mask = plugins.mask(asked["mask"])
    run = Run(method, mask, dataset, limit=asked["limit"], mask_seed=asked["mask_seed"])
    return run_all([run], Options(out), metrics=metrics, workers=1, progress=progress)


def runs(
    paths: Sequence[Path], *, metrics: Sequence[str] | None, progress: Progress
) -> list[Result]:
    """Score run directories, keeping the scores that they have."""
    if not paths:
        raise RequestError("Nothing to score: give run directories, or --outputs FOLDER.")
    results = []
    for path in paths:
        directory = RunDirectory(path)
        records = directory.records()
        failed = {r["id"]: str(r["error"]) for r in records.values() if r["status"] != "ok"}
        names = scoring.metric_names(metrics, len(records))
        summary = scoring.score(
            path, names, InProcess(), on_progress=progress.stage(f"scoring {path.name}")
        )
        results.append(Result(Report(path, len(records), failed=failed), summary))
    return results
