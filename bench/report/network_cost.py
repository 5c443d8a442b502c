"""What a network computed for an image: evaluations, and gradients where a sampler takes them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.report.boards import Row
    from bench.store.scored_run import ScoredRun


@dataclass(frozen=True)
class NetworkCost:
    """Evaluations and gradients of a network per image: the mean of the runs' means."""

    evaluations: float
    gradients: float

    @property
    def total(self) -> float:
        """Evaluations and gradients; a gradient counts as one more evaluation."""
        return self.evaluations + self.gradients

    @property
    def text(self) -> str:
        """Return "37", or "18 + 18" with gradients."""
        numbers = [self.evaluations, *([self.gradients] if self.gradients else [])]
        return " + ".join(f"{number:.4g}" for number in numbers)


def network_cost(runs: Sequence[ScoredRun]) -> NetworkCost | None:
    """Return the mean cost of the runs that counted it; None where none did."""
    counted = [run.summary for run in runs if run.summary.evaluations is not None]
    if not counted:
        return None
    return NetworkCost(
        fmean(summary.evaluations or 0.0 for summary in counted),
        fmean(summary.gradients or 0.0 for summary in counted),
    )


def column_title(rows: Iterable[Row]) -> str:
    """Return the title of the column of costs; "" where no row has a cost."""
    costs = [row.cost for row in rows if row.cost is not None]
    if not costs:
        return ""
    return "evaluations + gradients" if any(cost.gradients for cost in costs) else "evaluations"
