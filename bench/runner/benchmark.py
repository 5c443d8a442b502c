"""A grid of runs, one after the other: run, score, next.  Chooses workers and threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bench import plugins
from bench.api import HasAssets
from bench.execute.local import Executor, InProcess, LocalProcesses, cores
from bench.plan.spec import Run
from bench.runner import loop
from bench.runner.loop import Options, Report
from bench.scoring import images as scoring


class Progress(Protocol):
    """Shows how far one stage of the campaign is."""

    def stage(self, title: str) -> Callable[[int, int], None]:
        """Begin a stage and return its on_progress(done, total)."""
        ...


@dataclass
class Result:
    """One run, finished: its report and, if it was scored, its summary."""

    report: Report
    summary: dict[str, Any] = field(default_factory=dict)


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
    _check_assets(runs[1:])  # the first run's are looked at in a moment
    for name in metrics or ():
        if name != "none":
            plugins.metric(name)
    results = []
    with _Pools(options) as pools:
        for number, run in enumerate(runs, start=1):
            title = f"[{number}/{len(runs)}] {plugins.label(run.method)} on {run.mask.name}"
            count, threads = choose_workers(run, options, workers)
            report = loop.execute(
                run,
                replace(options, threads=threads),
                pools.get(count, threads),
                on_progress=progress.stage(title),
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


def _check_assets(runs: Sequence[Run]) -> None:
    """Raise RequestError for weights or masks that a later run would miss, before the first."""
    plugged = {plugin: None for run in runs for plugin in (run.method, run.mask)}
    for plugin in plugged:
        if isinstance(plugin, HasAssets):
            plugin.assets()


def choose_workers(run: Run, options: Options, asked: int | None) -> tuple[int, int]:
    """Return (workers, threads of each).

    A method whose call uses one core gets a worker a core; others one worker with all cores, since
    a network's batch spreads over them.  A CUDA device gets one process.
    """
    total = cores()
    if options.executor == "dask":
        return asked or (1 if options.device != "cpu" else total), 1
    if options.device != "cpu":
        return 1, total
    if asked is not None:
        return asked, 1 if run.method.single_threaded else max(1, total // asked)
    return (total, 1) if run.method.single_threaded else (1, total)


class _Pools:
    """Keeps one pool of workers alive while consecutive runs want the same one."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._needs_processes = options.timeout is not None or options.executor == "dask"
        self._key: tuple[int, int] | None = None
        self._executor: Executor = InProcess()

    def get(self, workers: int, threads: int) -> Executor:
        """Return an executor with that many workers."""
        if workers == 1 and not self._needs_processes:
            return InProcess()
        if self._key != (workers, threads):
            self._executor.close()
            self._executor, self._key = InProcess(), None
            self._executor = self._start(workers, threads)
            self._key = (workers, threads)
        return self._executor

    def scorer(self, workers: int, asked: int | None) -> Executor:
        """Return an executor for scoring: Dask's `workers` as they are, or this machine's cores."""
        if self._options.executor == "dask":
            return self.get(workers, 1)
        return self.get(min(cores(), asked or cores()), 1)

    def _start(self, workers: int, threads: int) -> Executor:
        options = self._options
        if options.executor != "dask":
            return LocalProcesses(workers, threads)
        from bench.execute.dask import DaskCluster

        gpu = options.device != "cpu"
        return DaskCluster(scheduler=options.scheduler, workers=workers, gpu=gpu)

    def __enter__(self) -> _Pools:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.close()


class Silent:
    """Progress that shows nothing."""

    def stage(self, title: str) -> Callable[[int, int], None]:
        """Return a function that does nothing."""
        return lambda done, total: None


@contextmanager
def shown(*, quiet: bool) -> Iterator[Progress]:
    """Yield a progress bar with an estimate on stderr, or silence."""
    if quiet:
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.progress import TimeRemainingColumn as Estimate

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        Estimate(),
    )
    bars = Bars(*columns, console=Console(stderr=True))
    try:
        yield _Bars(bars)
    except BaseException:
        bars.live.transient = True  # what went wrong is to stand alone
        bars.console.quiet = not bars.console.is_terminal
        raise
    finally:
        if bars.task_ids:
            bars.stop()


class _Bars:
    """Progress as rich bars: one line at a time, the one before it removed."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None

    def stage(self, title: str) -> Callable[[int, int], None]:
        """Begin a line; the first one starts the display, so that errors before it stand alone."""
        self._bars.start()
        if self._task is not None:
            self._bars.remove_task(self._task)
        task = self._task = self._bars.add_task(title, total=None)
        # A resumed run starts with images done: the estimate must not count them as speed.
        first: list[int] = []

        def update(done: int, total: int) -> None:
            if not first:
                first.append(done)
                self._bars.reset(task, total=total, completed=done)
            self._bars.update(task, completed=done, total=total)

        return update
