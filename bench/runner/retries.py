"""Run batches by an executor, and run those of a lost worker again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.complete.batch import Batch, BatchResult, failed_batch, single_items
from bench.complete.worker import process
from bench.execute import TIMED_OUT, Executor, Lost


def complete_all(
    batches: Sequence[Batch], executor: Executor, timeout: float | None
) -> Iterator[BatchResult]:
    """Yield the result of every batch; the images of a lost batch are tried alone.

    A batch whose worker died is first tried again as a whole: the cause may lie elsewhere (kill -9,
    a lack of memory), and a network's last bits depend on the batch.  timeout: seconds that an
    image may take, None = no limit.
    """

    def seconds(batch: Batch) -> float | None:
        return timeout and timeout * len(batch.items)

    died: list[Batch] = []
    alone: list[Batch] = []
    for batch, result in executor.map(process, batches, timeout=seconds):
        if not isinstance(result, Lost):
            yield result
        elif result == TIMED_OUT:
            alone += single_items(batch)
        else:
            died.append(batch)
    for batch, result in executor.map(process, died, timeout=seconds):
        if isinstance(result, Lost):
            alone += single_items(batch)
        else:
            yield result
    for batch, result in executor.map(process, alone, timeout=seconds):
        if isinstance(result, Lost):
            yield failed_batch(batch, _message(result, timeout))
        else:
            yield result


def _message(lost: Lost, timeout: float | None) -> str:
    limit = f" after {timeout:g} s (--timeout)" if lost == TIMED_OUT else ""
    return lost.reason + limit
