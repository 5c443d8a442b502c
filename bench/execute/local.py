"""Run tasks in this process or in worker processes of this machine (others: bench.execute.dask).

Pebble's pool runs the workers: one that dies or runs past the timeout loses only the task that it
was working on, and is replaced.  When a worker dies while none has a task, Pebble gives the pool
up: then there is a new pool, and tasks that were waiting are sent again.
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

# Pools that may break one after another before a task is done; then workers cannot even start.
MOST_BROKEN = 3


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
        except RuntimeError:  # the pool broke, or was closed
            if self._closed:
                raise
            self._renew()
            future = self._pool.schedule(function, args=[task], timeout=timeout)
        return future

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        timeout: Callable[[Task], float | None],
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Yield (task, result or Lost) in order of completion."""
        waiting: dict[Future[Result], Task] = {}
        queue, broken = iter(tasks), 0
        try:
            while True:
                for task in islice(queue, self._in_flight - len(waiting)):
                    waiting[self.submit(function, task, timeout=timeout(task))] = task
                if not waiting:
                    return
                done = wait(waiting, return_when=FIRST_COMPLETED).done
                if broke := {future for future in done if _broke(future)}:
                    broken += 1
                    if broken > MOST_BROKEN:
                        next(iter(broke)).result()  # raises what broke the pool
                    self._renew()
                    again = [f for f in waiting if f in broke or not f.done()]
                    queue = chain([waiting.pop(future) for future in again], queue)
                for future in done - broke:
                    broken = 0
                    result = outcome(future)
                    yield waiting.pop(future), result
        finally:
            for future in waiting:
                future.cancel()

    def close(self) -> None:
        """Stop the workers, busy ones too."""
        self._closed = True
        self._pool.stop()
        self._pool.join()

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
    """Return whether the pool of a task that is done broke before the task could run."""
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
