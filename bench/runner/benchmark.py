"""A grid of runs: run and score one after another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import plugins
from bench.api import HasCautions, RequestError
from bench.complete.external import find_outputs
from bench.execute.local import InProcess
from bench.plan import naming, request
from bench.plan.spec import Hashes, Run
from bench.runner import loop
from bench.runner.estimate import Estimate
from bench.runner.options import Options, check
from bench.runner.pools import Pools, choose_workers
from bench.runner.progress import Progress
from bench.runner.remarks import with_remarks
from bench.runner.result import RunResult
from bench.scoring import images as scoring
from bench.store.directory import RunDirectory
from bench.store.scored_run import run_folders


@dataclass(frozen=True)
class OutputsRequest:
    """Outputs made elsewhere, and the images and holes that they complete.

    name: their method's in tables.  layout: their file names with {id}, None = detect it.
    size, limit: None = the dataset's default, all images.
    """

    folder: Path
    name: str
    dataset: str = request.DEFAULT_DATASET
    mask: str = "center-box"
    layout: str | None = None
    size: int | None = None
    limit: int | None = None
    mask_seed: int = 0


@dataclass(frozen=True)
class _Grid:
    """What the runs of a grid share; as for `run_all`."""

    options: Options
    metrics: Sequence[str] | None
    workers: int | None
    progress: Progress
    hashes: Hashes


def run_all(
    runs: Sequence[Run],
    options: Options,
    *,
    metrics: Sequence[str] | None,
    workers: int | None,
    progress: Progress,
) -> list[RunResult]:
    """Run and score everything; raises RequestError for a request that is wrong."""
    hashes = Hashes()
    _check_all(runs, options, metrics, hashes)
    grid = _Grid(options, metrics, workers, progress, hashes)
    counts = [choose_workers(run, options, workers)[0] for run in runs]
    estimate = Estimate(runs, counts, options.out)
    asked = f"{len(runs)} runs" if len(runs) > 1 else "1 run"
    progress.say(f"{asked}, {estimate.completions} completions: {estimate.text()}")
    results = []
    with Pools(options) as pools:
        for number, run in enumerate(runs):
            left = f", {estimate.text(number)} left" if number else ""
            title = f"[{number + 1}/{len(runs)}{left}] {_title(run)}"
            started = time.perf_counter()
            result = _run_and_score(run, grid, pools, title)
            estimate.finished(number, time.perf_counter() - started, result.n_new)
            results.append(result)
    return results


def _check_all(
    runs: Sequence[Run], options: Options, metrics: Sequence[str] | None, hashes: Hashes
) -> None:
    """Raise RequestError for what the last of many runs would miss, before the first begins."""
    for run in runs:
        check(run, options)
    for name in metrics or ():
        if name != "none":
            plugins.metric(name)
    for run in runs[1:]:  # the first run's assets are looked at in a moment
        for plugin in (run.method, run.mask):
            hashes.assets(plugin)


def _run_and_score(
    run: Run,
    grid: _Grid,
    pools: Pools,
    title: str,
) -> RunResult:
    """Run and score one run of a grid."""
    count, threads = choose_workers(run, grid.options, grid.workers)
    result = loop.execute(
        run,
        replace(grid.options, threads=threads),
        pools.get(count, threads),
        on_progress=grid.progress.stage(title),
        hashes=grid.hashes,
    )
    if names := scoring.metric_names(grid.metrics, result.n):
        on_progress = grid.progress.stage(f"{title}: scoring")
        scorer = pools.scorer(count, grid.workers) if result.n > 64 else InProcess()
        result.summary = scoring.score(result.path, names, scorer, on_progress=on_progress)
    return result


def _title(run: Run) -> str:
    called = naming.labels(run)
    return f"{called['method']} on {called['mask']}"


def cautions(runs: Sequence[Run]) -> list[str]:
    """Return what the user should look at before these runs, each once."""
    plugged = (plugin for run in runs for plugin in (run.dataset, run.mask, run.method))
    unique = {id(plugin): plugin for plugin in plugged if isinstance(plugin, HasCautions)}
    return [line for plugin in unique.values() for line in plugin.cautions()]


def score_outputs(
    asked: OutputsRequest, *, out: Path, metrics: Sequence[str] | None, progress: Progress
) -> list[RunResult]:
    """Score a folder of outputs as if they were a run."""
    dataset = request.load_dataset(asked.dataset, asked.size)
    ids = dataset.ids()[: asked.limit]
    method = find_outputs(asked.name, asked.folder, ids, asked.layout)
    run = Run(
        *(method, request.load_mask(asked.mask, dataset.size), dataset),
        limit=asked.limit,
        mask_seed=asked.mask_seed,
        names=request.names(mask=asked.mask, dataset=asked.dataset),
    )
    (result,) = run_all([run], Options(out), metrics=metrics, workers=1, progress=progress)
    result.remarks[:0] = cautions([run])
    return with_remarks([result])


def score_runs(
    paths: Sequence[Path], *, metrics: Sequence[str] | None, progress: Progress
) -> list[RunResult]:
    """Score run directories, and those in folders of them, keeping the scores that they have."""
    if not paths:
        raise RequestError("Nothing to score: give run directories, or --outputs FOLDER.")
    folders = run_folders(paths)
    if not folders:
        listed = ", ".join(map(str, paths))
        raise RequestError(f"No run in {listed}: give run directories, or folders of them.")
    results = []
    for path in folders:
        directory = RunDirectory(path)
        records = directory.records()
        failed = {r.id: str(r.error) for r in records.values() if not r.done}
        names = scoring.metric_names(metrics, len(records))
        summary = scoring.score(
            path, names, InProcess(), on_progress=progress.stage(f"scoring {path.name}")
        )
        results.append(RunResult(path, len(records), failed=failed, summary=summary))
    return results
