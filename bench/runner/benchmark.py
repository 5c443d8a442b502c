"""Make a grid of runs one after another, then score them together."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench import plugins
from bench.api import HasCautions, RequestError
from bench.complete.external import find_outputs
from bench.execute.devices import cores
from bench.execute.local import InProcess
from bench.plan import naming, request
from bench.plan.spec import Hashes, Run
from bench.runner import loop
from bench.runner.estimate import Estimate
from bench.runner.options import Options, check, check_score_device
from bench.runner.pools import Pools, choose_workers
from bench.runner.progress import Progress
from bench.runner.remarks import with_remarks
from bench.runner.result import RunResult
from bench.scoring import images as scoring
from bench.scoring.images import ToScore
from bench.store.directory import RunDirectory, unwritable
from bench.store.scored_run import run_folders

# Up to this many outputs are scored in less time than worker processes take to start.
FEW = 64


@dataclass(frozen=True)
class OutputsRequest:
    """Outputs made elsewhere, and the images and holes that they complete.

    name: the method's name in tables.  layout: the file names with {id}, None = detect it.
    size, limit: None = the dataset's default, all images.  licence: the method's, for tables.
    """

    folder: Path
    name: str
    dataset: str = request.DEFAULT_DATASET
    mask: str = "center-box"
    layout: str | None = None
    size: int | None = None
    limit: int | None = None
    mask_seed: int = 0
    licence: str | None = None


@dataclass(frozen=True)
class _Grid:
    """The arguments of `run_all` that the runs of a grid share."""

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
    results: list[RunResult] = []
    with Pools(options) as pools:
        try:
            for number, run in enumerate(runs):
                left = f", {estimate.text(number)} left" if number else ""
                title = f"[{number + 1}/{len(runs)}{left}] {_title(run)}"
                started = time.perf_counter()
                results.append(_complete(run, grid, pools, title))
                estimate.finished(number, time.perf_counter() - started, results[-1].n_new)
        except RequestError:  # of a later run: the earlier ones are complete
            _score(results, grid, pools, max(counts))
            raise
        _score(results, grid, pools, max(counts))
    return results


def _check_all(
    runs: Sequence[Run], options: Options, metrics: Sequence[str] | None, hashes: Hashes
) -> None:
    """Raise RequestError, before the first run begins, if any run would fail."""
    _check_folder(options.out)
    for run in runs:
        check(run, options)
    for name in metrics or ():
        if name != "none":
            plugins.metric(name)
    for run in runs[1:]:  # the first run's assets are read next anyway
        for plugin in (run.method, run.mask):
            hashes.assets(plugin)


def _check_folder(out: Path) -> None:
    """Raise RequestError where no run's folder can be made, without making one."""
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not there.is_dir():
        error = errno.ENOTDIR
    elif os.access(there, os.W_OK | os.X_OK):
        return
    else:
        error = errno.EROFS if os.statvfs(there).f_flag & os.ST_RDONLY else errno.EACCES
    raise unwritable(out, os.strerror(error))


def _complete(run: Run, grid: _Grid, pools: Pools, title: str) -> RunResult:
    """Complete one run of a grid."""
    count, threads = choose_workers(run, grid.options, grid.workers)
    return loop.execute(
        run,
        replace(grid.options, threads=threads),
        pools.get(count, threads),
        on_progress=grid.progress.stage(title),
        hashes=grid.hashes,
    )


def _score(results: Sequence[RunResult], grid: _Grid, pools: Pools, workers: int) -> None:
    """Score the runs of a grid together, so that what they share is computed once."""
    asked = {r.path: scoring.metric_names(grid.metrics, r.n) for r in results}
    asked = {path: names for path, names in asked.items() if names}
    if not asked:
        return
    called = "scoring" if len(asked) == 1 else f"scoring {len(asked)} runs together"
    many = sum(result.n for result in results) > FEW
    summaries = scoring.score(
        [ToScore(path, names) for path, names in asked.items()],
        pools.scorer(workers, grid.workers) if many else InProcess(),
        on_progress=grid.progress.stage(called),
        device=grid.options.scores_on,
    )
    summary_by_path = dict(zip(asked, summaries, strict=True))
    for result in results:
        result.summary = summary_by_path.get(result.path)


def _title(run: Run) -> str:
    called = naming.labels(run)
    return f"{called['method']} on {called['mask']}"


def cautions(runs: Sequence[Run]) -> list[str]:
    """Return what the user should look at before these runs, each once."""
    plugged = (plugin for run in runs for plugin in (run.dataset, run.mask, run.method))
    unique = {id(plugin): plugin for plugin in plugged if isinstance(plugin, HasCautions)}
    return [line for plugin in unique.values() for line in plugin.cautions()]


def score_outputs(
    asked: OutputsRequest,
    options: Options,
    *,
    metrics: Sequence[str] | None,
    progress: Progress,
) -> list[RunResult]:
    """Score a folder of outputs as if they were a run."""
    dataset = request.load_dataset(asked.dataset, asked.size)
    ids = dataset.ids()[: asked.limit]
    method = find_outputs(asked.name, asked.folder, ids, asked.layout)
    run = Run(
        *(method, request.load_mask(asked.mask, dataset.size), dataset),
        limit=asked.limit,
        mask_seed=asked.mask_seed,
        names=replace(request.names(mask=asked.mask, dataset=asked.dataset), licence=asked.licence),
    )
    (result,) = run_all([run], options, metrics=metrics, workers=1, progress=progress)
    result.remarks[:0] = cautions([run])
    return with_remarks([result])


def score_runs(
    paths: Sequence[Path],
    *,
    metrics: Sequence[str] | None,
    progress: Progress,
    device: str | None = None,
) -> list[RunResult]:
    """Score run directories, and those in folders of them, keeping the scores that they have.

    device: where networks of metrics run, None = on the CPU.  Raises RequestError.
    """
    if not paths:
        raise RequestError("Nothing to score: give run directories, or --outputs FOLDER.")
    folders = run_folders(paths)
    if not folders:
        listed = ", ".join(map(str, paths))
        raise RequestError(f"No run in {listed}: give run directories, or folders of them.")
    results, asked = [], []
    for path in folders:
        records = RunDirectory(path).records()
        failed = {r.id: str(r.error) for r in records.values() if not r.done}
        asked.append(ToScore(path, scoring.metric_names(metrics, len(records))))
        results.append(RunResult(path, len(records), failed=failed))
    called = f"scoring {folders[0].name if len(folders) == 1 else f'{len(folders)} runs together'}"
    options = Options(folders[0].parent, score_device=device)
    check_score_device(options)
    with Pools(options) as pools:
        many = sum(result.n for result in results) > FEW
        scorer = pools.scorer(cores(), None) if many else InProcess()
        stage = progress.stage(called)
        summaries = scoring.score(asked, scorer, on_progress=stage, device=options.scores_on)
    for result, summary in zip(results, summaries, strict=True):
        result.summary = summary
    return results
