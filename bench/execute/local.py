"""Run tasks in this process or in worker processes of this machine (others: bench.execute.dask).

Pebble's pool runs the workers: one that dies or runs past the timeout loses only the task that it
was working on, and is replaced.  When a worker dies while none has a task, Pebble gives the pool
up: then there is a new pool, and `map` sends again what was waiting.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from itertools import chain, islice
from types import TracebackType
from typing import Any

from bench.api import RequestError
from bench.execute import TIMED_OUT, Lost, Result, Task

# After more pools than this that broke in a row without one result, workers cannot start at all.
MOST_BROKEN = 3
# Seconds between looks at the pool: the last tasks sent to one that breaks may never be done.
LOOK = 1.0


class InProcess:
    """Runs tasks one after another in this process; cannot enforce a timeout."""

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        timeout: Callable[[Task], float | None],
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Yield (task, result) in order."""
        for task in tasks:
            yield task, function(task)

    def close(self) -> None:
        """Do nothing: there are no workers."""


class LocalProcesses:
    """Runs tasks in worker processes of this machine.

    threads: threads of each worker, set before it imports torch, numba and OpenCV.
    preload: modules that a worker imports before its first task.
    """

    def __init__(self, workers: int, threads: int, preload: Sequence[str] = ()) -> None:
        import multiprocessing

        from pebble import ProcessPool

        if workers < 1 or threads < 1:
            raise RequestError(f"workers={workers}, threads={threads}: give at least 1 of each.")
        self._in_flight = 2 * workers
        self._closed = False
        self._open = partial(
            ProcessPool,
            max_workers=workers,
            context=multiprocessing.get_context("spawn"),
            initializer=_start_worker,
            initargs=(threads, tuple(preload)),
        )
        self._pool: Any = self._open()

    def submit(
        self, function: Callable[[Task], Result], task: Task, *, timeout: float | None
    ) -> Future[Result]:
        """Start one task, to be waited for with `outcome`.

        timeout: the seconds it may run, None = no limit.  Cancelling the future of a running task
        ends its worker, and another takes its place.
        """
        try:
            future: Future[Result] = self._pool.schedule(function, args=[task], timeout=timeout)
        except RuntimeError:
            if self._closed or self._pool.active:
                raise
            self._renew()  # Pebble gave the pool up
            future = self._pool.schedule(function, args=[task], timeout=timeout)
        return future

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        timeout: Callable[[Task], float | None],
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Yield (task, result or Lost) in order of completion.

        Raises RequestError when workers cannot start.
        """
        waiting: dict[Future[Result], tuple[Task, object]] = {}  # the task, and its pool
        queue, broken = iter(tasks), 0
        try:
            while True:
                for task in islice(queue, self._in_flight - len(waiting)):
                    future = self.submit(function, task, timeout=timeout(task))
                    waiting[future] = task, self._pool
                if not waiting:
                    return
                done = wait(waiting, timeout=LOOK, return_when=FIRST_COMPLETED).done
                if not self._pool.active:
                    self._renew()
                if lost := [f for f, (_, pool) in waiting.items() if self._is_lost(f, pool)]:
                    queue = chain([waiting.pop(future)[0] for future in lost], queue)
                    broken += 1
                    if broken > MOST_BROKEN:
                        raise RequestError("No worker process starts; the reason stands above.")
                for future in done.intersection(waiting):
                    broken = 0
                    result = outcome(future)
                    yield waiting.pop(future)[0], result
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """Stop the workers, busy ones too."""
        self._closed = True
        self._pool.stop()
        self._pool.join()

    def _is_lost(self, future: Future[Any], pool: object) -> bool:
        """Return whether a task was in a pool that broke, and did not get done there."""
        return pool is not self._pool and (not future.done() or _broke(future))

    def _renew(self) -> None:
        """Put a new pool in the place of one that broke."""
        self._pool.stop()
        self._pool.join()
        self._pool = self._open()

    def __enter__(self) -> LocalProcesses:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def outcome(future: Future[Result]) -> Result | Lost:
    """Return a future's result, or Lost if its worker died or ran past the timeout.

    Waits for it.  Raises what the task raised, and CancelledError.
    """
    from pebble import ProcessExpired

    try:
        return future.result()
    except TimeoutError:
        return TIMED_OUT
    except ProcessExpired as error:
        return Lost(f"its worker process died (exit code {error.exitcode})")
    except BrokenProcessPool:
        return Lost("its worker process died")


def _broke(future: Future[Any]) -> bool:
    """Return whether a task is done because its pool broke: it was not known to run."""
    return isinstance(future.exception(), BrokenProcessPool)


def _start_worker(threads: int, preload: Sequence[str]) -> None:
    """Set up a worker process, and leave Ctrl-C to the parent.

    The modules are imported here, not with the first task: Pebble holds the lock of all workers
    while it unpickles a task, and the timeout of a task that another worker has just finished
    would run out meanwhile.
    """
    import importlib
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare_process(threads)
    for module in preload:
        importlib.import_module(module)


@cache
def prepare_process(threads: int) -> None:
    """Set the number of threads of a worker before torch, numba and OpenCV are imported."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ[name] = str(threads)
    import cv2

    cv2.setNumThreads(threads)
