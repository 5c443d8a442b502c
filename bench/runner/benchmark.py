"""A grid of runs: run and score one after another."""

from __future__ import annotations

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


def run_all(
    runs: Sequence[Run],
    options: Options,
    *,
    metrics: Sequence[str] | None,
    workers: int | None,
    progress: Progress,
) -> list[RunResult]:
    """Run and score everything; raises RequestError for a request that is wrong."""
    for run in runs:
        check(run, options)
    for name in metrics or ():
        if name != "none":
            plugins.metric(name)
    hashes = Hashes()
    for run in runs[1:]:  # what a later run would miss; the first run's are looked at in a moment
        for plugin in (run.method, run.mask):
            hashes.assets(plugin)
    results = []
    with Pools(options) as pools:
        for number, run in enumerate(runs, start=1):
            called = naming.labels(run)
            title = f"[{number}/{len(runs)}] {called['method']} on {called['mask']}"
            count, threads = choose_workers(run, options, workers)
            result = loop.execute(
                run,
                replace(options, threads=threads),
                pools.get(count, threads),
                on_progress=progress.stage(title),
                hashes=hashes,
            )
            if names := scoring.metric_names(metrics, result.n):
                on_progress = progress.stage(f"{title}: scoring")
                scorer = pools.scorer(count, workers) if result.n > 64 else InProcess()
                result.summary = scoring.score(result.path, names, scorer, on_progress=on_progress)
            results.append(result)
    return results


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
