"""Choose the workers of a run, and share pools between consecutive runs."""

from __future__ import annotations

from bench.execute import Executor
from bench.execute.devices import cores
from bench.execute.local import InProcess, LocalProcesses
from bench.plan.spec import Run
from bench.runner.options import Options

# A worker process imports these before its first task: torch takes seconds.
PRELOAD = ("bench.complete.worker",)


def choose_workers(run: Run, options: Options, asked: int | None) -> tuple[int, int]:
    """Return (workers, threads of each).

    A method whose call uses one core gets one worker per core; other methods get one worker with
    all cores, over which a network's batch spreads.  A CUDA device gets one process.
    """
    total = cores()
    if options.executor == "dask":
        return asked or (1 if options.device != "cpu" else total), 1
    if options.device != "cpu":
        return 1, total
    if asked is not None:
        return asked, 1 if run.method.single_threaded else max(1, total // asked)
    return (total, 1) if run.method.single_threaded else (1, total)


class Pools:
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
        """Return an executor for scoring: Dask's `workers` as they are, or this machine's cores.

        With networks on another device, this process scores alone.
        """
        if self._options.executor == "dask":
            return self.get(workers, 1)
        if self._options.scores_on != "cpu":
            return InProcess()
        return self.get(min(cores(), asked or cores()), 1)

    def _start(self, workers: int, threads: int) -> Executor:
        options = self._options
        if options.executor != "dask":
            return LocalProcesses(workers, threads, preload=PRELOAD)
        from bench.execute.dask import DaskExecutor

        gpu = options.device != "cpu"
        return DaskExecutor(scheduler=options.scheduler, workers=workers, gpu=gpu)

    def __enter__(self) -> Pools:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.close()
