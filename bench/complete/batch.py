"""What a worker gets and returns: a batch of a run's plan, and its completions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bench.plan.ids import record_id
from bench.plan.spec import Run
from bench.store.manifest import Loading
from bench.store.record import Record


@dataclass(frozen=True)
class Batch:
    """A batch of a run's plan.  items: (image id, index of the sample)."""

    run: Run
    items: tuple[tuple[str, int], ...]
    device: str = "cpu"
    threads: int = 1
    keep_raw: bool = False


@dataclass
class ImageResult:
    """One completion, or why there is none.  pngs: the PNG file of each kind of image."""

    record: Record
    pngs: dict[str, bytes] = field(default_factory=dict)


@dataclass
class BatchResult:
    """The results of a batch.

    loading: what this call measured when it loaded the method; None if it was loaded before.
    remark: what the method says about this machine.
    """

    done: list[ImageResult]
    loading: Loading | None = None
    remark: str | None = None


def failed_batch(batch: Batch, message: str) -> BatchResult:
    """Return error records for a whole batch whose worker hung or died."""
    return BatchResult(
        [
            ImageResult(Record(record_id(batch.run, i, k), i, i, "error", message))
            for i, k in batch.items
        ]
    )


def single_items(batch: Batch) -> list[Batch]:
    """Cut a batch into batches of one item each."""
    return [replace(batch, items=(item,)) for item in batch.items]
