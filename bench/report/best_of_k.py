"""The score of the best of k samples as a function of k, for rows that have samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.plan.ids import image_of
from bench.statistics.best_of_k import best_of

if TYPE_CHECKING:
    import pandas as pd

    from bench.report.boards import Row
    from bench.report.columns import Metric


def best_of_curve(row: Row, metric: Metric) -> list[float]:
    """Return the mean over images of the best of k samples, k = 1 to K; [] without samples.

    k = 1 is the mean of all samples.  Images with fewer than K finite scores are left out.
    """
    curves = [
        best_of(scores, higher_is_better=metric.higher_is_better)
        for run in row.runs
        if run.samples > 1 and metric.name in run.scores
        for scores in _by_image(run.scores[metric.name], run.samples)
    ]
    return [float(mean) for mean in np.mean(curves, axis=0)] if curves else []


def _by_image(column: pd.Series, samples: int) -> list[list[float]]:
    """Return the scores of each image that has `samples` of them."""
    by_image: dict[str, list[float]] = {}
    for output_id, score in column[np.isfinite(column)].items():
        by_image.setdefault(image_of(str(output_id), samples), []).append(float(score))
    return [scores for scores in by_image.values() if len(scores) == samples]
