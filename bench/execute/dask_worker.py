"""What a Dask worker does with a group of tasks; Dask has been imported there already."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.execute import TIMED_OUT, Lost
from bench.execute.local import prepare_process


@dataclass(frozen=True)
class TimedResult:
    """A task's result, or Lost, and the seconds that it took."""

    result: Any
    seconds: float


def run_group(payload: bytes) -> tuple[list[TimedResult], str]:
    """Run a group of tasks on a worker, up to the first that runs past its timeout.

    payload: pickled (function, [(task, timeout in seconds or None), ...]).  It is bytes, so that
    neither the scheduler nor Dask's graphs look into it.  Returns the results and the worker's
    address.
    """
    prepare_process(1)
    function, tasks = pickle.loads(payload)
    results = []
    for task, seconds in tasks:
        started = time.perf_counter()
        result = function(task) if seconds is None else within(seconds, function, task)
        results.append(TimedResult(result, time.perf_counter() - started))
        if isinstance(result, Lost):
            break  # the task still runs in its thread: the parent restarts this worker
    from distributed import get_worker

    return results, get_worker().address


def within(seconds: float, function: Callable[[Any], Any], task: Any) -> Any:
    """Return function(task), or TIMED_OUT if it takes longer; its thread then goes on running."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function(task))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return results[0] if results else TIMED_OUT
