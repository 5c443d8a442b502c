"""What goes to a worker and what comes back: a batch of the plan, and its completions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from bench.plan.ids import record_id
from bench.plan.spec import Run


@dataclass(frozen=True)
class Batch:
    """A batch of a run's plan.  items: (image id, sample index)."""

    run: Run
    items: tuple[tuple[str, int], ...]
    device: str = "cpu"
    threads: int = 1
    keep_raw: bool = False


@dataclass
class ImageResult:
    """One completion, or why there is none."""

    record: dict[str, Any]
    pngs: dict[str, bytes] = field(default_factory=dict)


@dataclass
class BatchResult:
    """What came of a job.

    timing: load and warm-up seconds, and a network's dtype, when this call loaded the method.
    """

    done: list[ImageResult]
    timing: dict[str, float | str] = field(default_factory=dict)


def failed_batch(job: Batch, message: str) -> BatchResult:
    """Return error records for a whole job whose worker hung or died."""
    empty = [(image_id, record_id(job.run, image_id, sample)) for image_id, sample in job.items]
    return BatchResult(
        [
            ImageResult({"id": name, "image_id": image_id, "status": "error", "error": message})
            for image_id, name in empty
        ]
    )


def single_items(job: Batch) -> list[Batch]:
    """Cut a job into one job an item."""
    return [replace(job, items=(item,)) for item in job.items]
