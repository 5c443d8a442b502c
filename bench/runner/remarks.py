"""A remark on outputs made elsewhere whose known pixels were changed."""

from __future__ import annotations

from collections.abc import Sequence

from bench.runner.result import RunResult
from bench.store.directory import RunDirectory


def with_remarks(results: Sequence[RunResult]) -> list[RunResult]:
    """Return the results, with a remark on outputs whose known pixels differ from the image's."""
    for result in results:
        off: dict[str, int] = {}
        for output_id, record in RunDirectory(result.path).records().items():
            levels = record.notes.get("known_pixels_off_by")
            if record.done and isinstance(levels, int) and levels > 0:
                off[output_id] = levels
        if off:
            worst = max(off, key=lambda output_id: off[output_id])
            result.remarks.append(
                f"{len(off)} outputs changed known pixels, by up to {off[worst]} of 255 levels "
                f"({worst}); scored with the image's own"
            )
    return list(results)
