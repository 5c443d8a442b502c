"""The benchmark from Python: what the command line does, as functions.

    import bench

    runs = bench.run("patchmatch,telea", "center-box", limit=8)
    print(bench.leaderboard(runs))

`fill` fills one image; `method("telea")`, `mask`, `dataset` and `metric` give plug-ins themselves.
Importing this module imports nothing heavy.  Errors of a request are bench.api.RequestError.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from bench.filling.images import fill
    from bench.plan.request import Request
    from bench.plugins import dataset, mask, method, metric
    from bench.runner.options import Options
    from bench.runner.result import RunResult

    __version__: str

__all__ = [
    "__version__", "check", "dataset", "fill", "leaderboard", "load_runs", "mask", "method",
    "metric", "run", "score",
]  # fmt: skip

Names = str | Sequence[str]
Paths = str | Path | Sequence[str | Path]


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


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for."""
    if name in {"method", "mask", "dataset", "metric", "fill"}:
        where = "bench.filling.images" if name == "fill" else "bench.plugins"
        return getattr(importlib.import_module(where), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("inpaint-bench")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what is imported when it is asked for, too."""
    return sorted({*globals(), *__all__})


class FailedImagesWarning(UserWarning):
    """Some images of a run failed; they are in no score."""


def run(
    method: Names,
    mask: Names,
    dataset: str = "free-photos:size=64",
    *,
    size: int | None = None,
    limit: int | None = None,
    seed: int | Sequence[int] = 0,
    mask_seed: int = 0,
    samples: int = 1,
    metrics: Names | None = None,
    precision: str = "auto",
    out: str | Path = "results/runs",
    device: str = "cpu",
    batch_size: int = 8,
    workers: int = 1,
    timeout: float | None = None,
    keep_raw: bool = False,
    progress: bool = False,
) -> list[Path]:
    """Run methods on masks of a dataset and score them, as `bench run` does; return the folders.

    method, mask, metrics: names, or lists of them, as on the command line; metrics "none" leaves
    scoring out.  What was done before is kept.  workers: processes; a script that asks for more
    than one needs `if __name__ == "__main__":`.  progress: show a bar.
    Warns with FailedImagesWarning; raises RequestError for a request that is wrong.
    """
    from bench.plan.request import Request
    from bench.runner.options import Options

    seeds = (seed,) if isinstance(seed, int) else tuple(seed)
    grid = Request(
        _names(method) or (), _names(mask) or (), dataset,
        size=size, limit=limit, seeds=seeds, mask_seed=mask_seed, samples=samples,
        precision=precision, metrics=_names(metrics),
    )  # fmt: skip
    options = Options(Path(out), device, batch_size, timeout=timeout, keep_raw=keep_raw)
    return _folders(_run_grid(grid, options, workers=workers, progress=progress))


def score(
    *runs: Paths,
    metrics: Names | None = None,
    outputs: str | Path | None = None,
    name: str = "outputs",
    layout: str | None = None,
    dataset: str = "free-photos:size=64",
    mask: str = "center-box",
    size: int | None = None,
    limit: int | None = None,
    mask_seed: int = 0,
    out: str | Path = "results/runs",
    licence: str | None = None,
    progress: bool = False,
) -> list[Path]:
    """Add metrics to runs, or score a folder of `outputs` made elsewhere, as `bench score` does.

    runs: run directories, such as `run` returns.  name ... licence: of `outputs`.  Returns the run
    directories.  Raises RequestError.
    """
    from bench.cli.progress import shown
    from bench.runner import benchmark
    from bench.runner.options import Options

    chosen = _names(metrics)
    with shown(quiet=not progress) as bars:
        if outputs is None:
            results = benchmark.score_runs(_paths(runs), metrics=chosen, progress=bars)
        else:
            asked = benchmark.OutputsRequest(
                Path(outputs), name, dataset, mask, layout, size, limit, mask_seed, licence
            )
            options = Options(Path(out))
            results = benchmark.score_outputs(asked, options, metrics=chosen, progress=bars)
    return _folders(results)


def load_runs(*paths: Paths) -> pd.DataFrame:
    """Return the scores of complete runs (default: all under results/runs) as a DataFrame.

    paths: run directories, or folders of them.  The frame has a row per output and a column per
    metric (NaN where it was not computed), after method, mask, dataset, size, seed, id, image,
    source, hole_fraction, seconds, evaluations, gradients and run (the directory's name).
    Runs that are not complete are skipped with a warning.  Raises RequestError when none is.
    """
    from bench.store import scored_run

    return scored_run.scores_frame(scored_run.load_runs(_paths(paths)))


def leaderboard(
    *runs: Paths,
    format: str = "md",
    metrics: Names | None = None,
    intervals: bool = True,
    strict: bool = False,
) -> str | bytes:
    """Return the table of runs (default: all under results/runs) as `bench leaderboard` prints it.

    runs: run directories, or folders of them.  format: md, csv, latex, html (text) or parquet
    (bytes).  intervals: with the 95% intervals (md, latex).  strict: raise RequestError when a
    compared run lacks an image; else scores are of the images that all have.
    """
    from bench.report import leaderboard as report
    from bench.store.scored_run import load_runs as load

    loaded = load(_paths(runs), failed=True)
    return report.render(
        loaded, format, metrics=_names(metrics), intervals=intervals, strict=strict
    )


def check(plugin: object) -> None:
    """Check that a plug-in keeps the contract of its kind: bench.api.checks.check."""
    from bench.api import checks

    checks.check(plugin)


def _run_grid(grid: Request, options: Options, *, workers: int, progress: bool) -> list[RunResult]:
    """Run and score all of a grid; warn of what its user should know before."""
    from bench.cli.progress import shown
    from bench.plan import request
    from bench.runner import benchmark

    runs = request.runs(grid)
    for line in benchmark.cautions(runs):
        warnings.warn(line, stacklevel=3)
    with shown(quiet=not progress) as bars:
        return benchmark.run_all(
            runs, options, metrics=grid.metrics, workers=workers, progress=bars
        )


def _names(names: Names | None) -> tuple[str, ...] | None:
    """Return the items of a list as the command line splits it."""
    from bench import plugins

    if names is None:
        return None
    return tuple(plugins.split_list([names] if isinstance(names, str) else list(names)))


def _paths(paths: Sequence[Paths]) -> list[Path]:
    """Return paths, and lists of paths, as one list."""
    lists = [[item] if isinstance(item, str | Path) else item for item in paths]
    return [Path(path) for items in lists for path in items]


def _folders(results: Sequence[RunResult]) -> list[Path]:
    """Return the run directories; warn of failed images."""
    for result in results:
        if result.failed:
            first, why = next(iter(result.failed.items()))
            failed = f"{len(result.failed)} of {result.n} images failed (first: {first}: {why})"
            warnings.warn(f"{result.path}: {failed}", FailedImagesWarning, stacklevel=3)
    return [result.path for result in results]
