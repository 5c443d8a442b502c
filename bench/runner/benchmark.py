"""A grid of runs, one after the other: run, score, next.  Chooses workers and threads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bench import plugins
from bench.api import RequestError
from bench.complete.external import find_outputs
from bench.execute.local import InProcess
from bench.plan import request
from bench.plan.spec import Hashes, Run
from bench.runner import loop
from bench.runner.loop import Options, Report
from bench.runner.pools import Pools, choose_workers
from bench.runner.progress import Progress
from bench.scoring import images as scoring
from bench.store.directory import RunDirectory
from bench.store.summary import Summary


@dataclass
class Result:
    """One run, finished: its report and, if it was scored, its summary."""

    report: Report
    summary: Summary | None = None


def run_all(
    runs: Sequence[Run],
    options: Options,
    *,
    metrics: Sequence[str] | None,
    workers: int | None,
    progress: Progress,
) -> list[Result]:
    """Run and score everything; raises RequestError for a request that is wrong."""
    for run in runs:
        loop.check(run, options)
    hashes = Hashes()
    for run in runs[1:]:  # what a later run would miss; the first run's are looked at in a moment
        for plugin in (run.method, run.mask):
            hashes.assets(plugin)
    for name in metrics or ():
        if name != "none":
            plugins.metric(name)
    results = []
    with Pools(options) as pools:
        for number, run in enumerate(runs, start=1):
            title = f"[{number}/{len(runs)}] {plugins.label(run.method)} on {run.mask.name}"
            count, threads = choose_workers(run, options, workers)
            report = loop.execute(
                run,
                replace(options, threads=threads),
                pools.get(count, threads),
                on_progress=progress.stage(title),
                hashes=hashes,
            )
            result = Result(report)
            names = scoring.metric_names(metrics, report.n)
            if names:
                on_progress = progress.stage(f"{title}: scoring")
                scorer = pools.scorer(count, workers) if report.n > 64 else None
                result.summary = scoring.score(
                    report.path, names, scorer or InProcess(), on_progress=on_progress
                )
            results.append(result)
    return results


def score_outputs(
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


def score_runs(
    paths: Sequence[Path], *, metrics: Sequence[str] | None, progress: Progress
) -> list[Result]:
    """Score run directories, keeping the scores that they have."""
    if not paths:
        raise RequestError("Nothing to score: give run directories, or --outputs FOLDER.")
    results = []
    for path in paths:
        directory = RunDirectory(path)
        records = directory.records()
        failed = {r.id: str(r.error) for r in records.values() if not r.done}
        names = scoring.metric_names(metrics, len(records))
        summary = scoring.score(
            path, names, InProcess(), on_progress=progress.stage(f"scoring {path.name}")
        )
        results.append(Result(Report(path, len(records), failed=failed), summary))
    return results
