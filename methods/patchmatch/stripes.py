"""Work in stripes of rows, on all threads, with a result that does not depend on their number."""

from __future__ import annotations

import functools
import itertools
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

import numpy as np

Stripe = tuple[int, int]
Result = TypeVar("Result")

CELLS = 1024  # of work a stripe at least: smaller ones cost more to hand out than to do
MOST = 16
LATE = 0.01  # seconds that a stripe is thought to take where the helpers took them all


def split(work: np.ndarray) -> list[Stripe]:
    """Cut the rows of a bool (rows, columns) array into stripes with about as many True each."""
    per_row = np.cumsum(work.sum(axis=1))
    count = int(np.clip(per_row[-1] // CELLS, 1, MOST))
    cuts = np.searchsorted(per_row, per_row[-1] * np.arange(1, count) / count) + 1
    edges = np.unique([0, *cuts, len(work)]).tolist()
    return list(itertools.pairwise(edges))


class Threads:
    """Runs a kernel, which releases the GIL, over stripes on `count` threads, this one among them.

    On a shared machine a thread may be stopped in the middle of a stripe.  Nobody waits for it: a
    stripe that is late is computed again, and the first result counts.
    """

    def __init__(self, count: int) -> None:
        self._helpers = count - 1

    def run(self, task: Callable[[Stripe], Result], stripes: list[Stripe]) -> list[Result]:
        """Return task(stripe) of every stripe, in order.

        task changes nothing: it may run twice on a stripe, the second time after this returned.
        """
        helpers = min(self._helpers, len(stripes) - 1)
        if helpers < 1:
            return [task(stripe) for stripe in stripes]
        work = _Work(task, stripes)
        for _ in range(helpers):
            _kept_threads(self._helpers).submit(work.take)
        least = work.take()
        return work.finish(least if math.isfinite(least) else LATE)


@functools.cache
def _kept_threads(count: int) -> ThreadPoolExecutor:
    """Return threads that stay: to start one is to wait until the system gives it a core."""
    return ThreadPoolExecutor(count, "patchmatch")


class _Work(Generic[Result]):
    """The stripes of one `Threads.run`, taken one by one as threads come for them."""

    def __init__(self, task: Callable[[Stripe], Result], stripes: list[Stripe]) -> None:
        self._task, self._stripes = task, stripes
        self._left = deque(range(len(stripes)))
        self._results: dict[int, Result] = {}
        self._complete = threading.Event()

    def take(self) -> float:
        """Compute stripes until none is left; return the least seconds that one took."""
        least = math.inf
        while True:
            try:
                index = self._left.popleft()
            except IndexError:
                return least
            least = min(least, self._compute(index))

    def finish(self, least: float) -> list[Result]:
        """Wait for the others twice as long as a stripe takes, then compute what they lack."""
        while not self._complete.wait(2 * least):
            if missing := [i for i in range(len(self._stripes)) if i not in self._results]:
                self._compute(missing[0])
        return [self._results[i] for i in range(len(self._stripes))]

    def _compute(self, index: int) -> float:
        started = time.perf_counter()
        self._results.setdefault(index, self._task(self._stripes[index]))
        if len(self._results) == len(self._stripes):
            self._complete.set()
        return time.perf_counter() - started
