"""Work in stripes of rows, on all threads, with a result that does not depend on their number."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

import numpy as np

Stripe = tuple[int, int]
Result = TypeVar("Result")

CELLS = 1024  # of work a stripe at least: smaller ones cost more to hand out than to do
MOST = 16


def split(work: np.ndarray) -> list[Stripe]:
    """Cut the rows of a bool (rows, columns) array into stripes with about as many True each."""
    per_row = np.cumsum(work.sum(axis=1))
    count = int(np.clip(per_row[-1] // CELLS, 1, MOST))
    cuts = np.searchsorted(per_row, per_row[-1] * np.arange(1, count) / count) + 1
    edges = np.unique([0, *cuts, len(work)]).tolist()
    return list(itertools.pairwise(edges))


class Threads:
    """A context that runs a kernel, which releases the GIL, over stripes on `count` threads."""

    def __init__(self, count: int) -> None:
        self._pool = ThreadPoolExecutor(count) if count > 1 else None

    def __enter__(self) -> Threads:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown()

    def run(self, task: Callable[[Stripe], Result], stripes: list[Stripe]) -> list[Result]:
        """Return task(stripe) of every stripe, in order."""
        if self._pool is None or len(stripes) == 1:
            return [task(stripe) for stripe in stripes]
        return list(self._pool.map(task, stripes))
