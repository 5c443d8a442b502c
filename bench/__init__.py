"""The harness of the inpainting benchmark.

from bench import plugins              # plugins.method("telea").load("cpu")(visible, hole, seeds)
import bench; bench.load_runs()        # a pandas DataFrame, a row an image and metric
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def _bind(name: str) -> None:
    """Import the package `name` that lies beside this one, whatever else is called so.

    A folder `masks` in the working directory would otherwise come first: as a namespace package
    before an editable install, with an `__init__.py` before any.  Raises ImportError when another
    package of that name was imported before.
    """
    spec = PathFinder.find_spec(name, [str(Path(__file__).parents[1])])
    if spec is None or spec.loader is None or spec.origin is None:
        raise ImportError(f"the package {name!r} is not beside {__file__}; install the project")
    present = sys.modules.get(name)
    origin = getattr(present, "__file__", None)  # None: a namespace, a mere folder
    if origin is not None and Path(origin).resolve() == Path(spec.origin).resolve():
        return
    if origin is not None:
        raise ImportError(
            f"a package {name!r} was imported from {origin} before bench, which has one of that "
            f"name at {spec.origin}; import bench first, or rename the other"
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


# Before anything else of bench: the two packages hold strings alone, so this costs next to nothing.
for _sibling in ("masks", "methods"):
    _bind(_sibling)


def load_runs(*paths: str | Path) -> pd.DataFrame:
    """Return the scores of complete runs (default: all under results/runs) as a DataFrame.

    paths: run directories, or folders of them.  Raises RequestError when there is none.
    """
    from bench.store import scored_run

    return scored_run.scores_frame(scored_run.load_runs(paths))
