"""What a Dask worker does with a group of tasks; dask is imported there already."""

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
class Reply:
    """What a worker has to say of one task; seconds: what it took."""

    result: Any
    seconds: float


def run_group(payload: bytes) -> tuple[list[Reply], str]:
    """Run a group of tasks on a worker, up to the first that outlasts its timeout.

    payload: pickled (function, [(task, seconds or None), ...]): bytes, so that the scheduler and
    Dask's graphs need not look into it.  Returns the replies and the worker's address.
    """
    prepare_process(1)
    function, tasks = pickle.loads(payload)
    replies = []
    for task, seconds in tasks:
        started = time.perf_counter()
        result = function(task) if seconds is None else within(seconds, function, task)
        replies.append(Reply(result, time.perf_counter() - started))
        if isinstance(result, Lost):
            break  # not beside a task that still runs: the parent restarts this worker
    from distributed import get_worker

    return replies, get_worker().address


def within(seconds: float, function: Callable[[Any], Any], task: Any) -> Any:
    """Return the function's result, or Lost when it takes longer; it then goes on in its thread."""
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
