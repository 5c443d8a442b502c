"""The harness of the inpainting benchmark.

from bench import plugins              # plugins.method("telea").load("cpu")(visible, hole, seeds)
import bench; bench.load_runs()        # a pandas DataFrame, a row an image and metric
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def load_runs(*paths: str | Path) -> pd.DataFrame:
    """Return the scores of complete runs (default: all under results/runs) as a DataFrame.

    paths: run directories, or folders of them.  Raises RequestError when there is none.
    """
    from bench.store import scored_run

    return scored_run.scores_frame(scored_run.load_runs(paths))
