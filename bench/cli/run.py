"""`bench run` and `bench score`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.options import ANY, FOLDER, RUNS
from bench.cli.progress import shown

if TYPE_CHECKING:
    from bench.plan.request import Request
    from bench.runner.result import RunResult

# Of the failed images of a run.
MOST_NAMED = 20
EXECUTORS = click.Choice(["local", "dask"])


@click.command()
@click.option("--suite", help="A named grid of runs; other options override its entries.")
@click.option("--method", "methods", multiple=True, help="NAME or NAME:key=value,... ; a list.")
@click.option("--mask", "masks", multiple=True, help="NAME or NAME:key=value,... ; a list.")
@click.option(
    "--dataset", help="NAME, NAME:key=value or folder:PATH.  [default: free-photos:size=64]"
)
@click.option("--size", type=click.IntRange(1), help="Side of the images, pixels.")
@click.option("--limit", type=click.IntRange(1), help="Use the first N images.")
@click.option("--seed", "seeds", help="Seeds of the methods, such as 0,1,2.  [default: 0]")
@click.option("--mask-seed", type=click.IntRange(0), help="Seed of the holes.  [default: 0]")
@click.option("--samples", type=click.IntRange(1), help="Completions an image.  [default: 1]")
@click.option("--metrics", help="A list, or none.  [default: l1,psnr,ssim,lpips]")
@click.option("--precision", help="auto, fp32 or bf16, for methods that have it.  [default: auto]")
@click.option("--out", type=FOLDER, default=RUNS, show_default=True, help="Where runs are kept.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option("--score-device", help="Where networks of metrics run.  [default: as --device]")
@click.option("--batch-size", type=click.IntRange(1), default=8, show_default=True)
@click.option("--workers", type=click.IntRange(1), help="Processes.  [default: by method]")
@click.option("--executor", type=EXECUTORS, default="local", show_default=True)
@click.option("--scheduler", help="Address of a Dask scheduler.  [default: start one here]")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds an image.")
@click.option("--keep-raw", is_flag=True, help="Keep outputs as they were before compositing.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def run(
    *,
    suite: str | None,
    out: Path,
    device: str,
    score_device: str | None,
    batch_size: int,
    workers: int | None,
    executor: str,
    scheduler: str | None,
    timeout: float | None,
    keep_raw: bool,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> int:
    """Run methods on holes of a dataset, score them, and compare; resumes by itself."""
    from bench.plan import request
    from bench.runner import benchmark
    from bench.runner.options import Options

    grid = _request(suite, asked)
    options = Options(
        *(out, device, batch_size), timeout=timeout, keep_raw=keep_raw, executor=executor,
        scheduler=scheduler, score_device=score_device,
    )  # fmt: skip
    runs = request.runs(grid)
    for line in benchmark.cautions(runs):
        click.echo(f"Warning: {line}", err=True)
    with shown(quiet=quiet or as_json) as progress:
        results = benchmark.run_all(
            runs, options, metrics=grid.metrics, workers=workers, progress=progress
        )
    return _tell(results, out / "reports" / (suite or "latest"), as_json=as_json, quiet=quiet)


def _request(suite: str | None, asked: dict[str, Any]) -> Request:
    """Return the suite's request, or the default one, with what was asked for on top."""
    from bench import plugins
    from bench.plan import request

    fields: dict[str, Any] = {}
    for key, value in asked.items():
        if value is None or value == ():
            continue
        if key in {"methods", "masks"}:
            value = tuple(plugins.split_list(value))
        elif key == "metrics":
            value = tuple(plugins.split_list([value]))
        elif key == "seeds":
            value = request.seeds(value)
        fields[key] = value
    return replace(request.suite(suite) if suite else request.Request(), **fields)


def _tell(
    results: list[RunResult],
    reports: Path,
    beside: Sequence[Path] = (),
    *,
    as_json: bool,
    quiet: bool,
) -> int:
    """Print the results as was asked for; return the exit code, 1 where an image failed."""
    if as_json:
        click.echo(json.dumps(_as_json(results), indent=2, allow_nan=False))
    elif quiet:
        for result in results:
            _print_failures(result)
    else:
        _print_results(results, reports, beside)
    return 1 if any(result.failed for result in results) else 0


def _as_json(results: list[RunResult]) -> dict[str, Any]:
    runs = [
        {
            "path": str(r.path),
            "n": r.n,
            "n_new": r.n_new,
            "failed": r.failed,
            "remarks": r.remarks,
            "summary": r.summary.as_dict() if r.summary else None,
        }
        for r in results
    ]
    return {"runs": runs}


def _print_results(results: list[RunResult], reports: Path, beside: Sequence[Path] = ()) -> None:
    """Print what was done, the table, and where the leaderboard and the grid lie.

    beside: other runs that the table is to have.
    """
    for result in results:
        state = "nothing to do" if not result.n_new else f"{result.n_new} new"
        failed = f", {len(result.failed)} failed" if result.failed else ""
        remarks = "".join(f"; {remark}" for remark in result.remarks)
        click.echo(f"{result.path}: {result.n} images, {state}{failed}{remarks}")
        _print_failures(result)
    if any(r.summary and r.summary.n for r in results):
        _write_reports([*(r.path for r in results if r.summary), *beside], reports)


def _print_failures(result: RunResult) -> None:
    """Name the images that failed, on stderr; with --quiet, too."""
    named = list(result.failed.items())[:MOST_NAMED]
    for image_id, error in named:
        click.echo(f"  failed: {image_id}: {error}", err=True)
    if result.failed:
        more = len(result.failed) - len(named)
        click.echo(
            (f"  and {more} more\n" if more else "")
            + f"  {result.path.name}: {len(result.failed)} of {result.n} images failed and are in "
            "no score; repair or remove them and run again: the others are kept",
            err=True,
        )


def _write_reports(paths: list[Path], reports: Path) -> None:
    from bench.api.files import write_atomic
    from bench.report import grid, leaderboard
    from bench.store.scored_run import load_runs

    loaded = load_runs(paths, failed=True)
    for kind, name in (("md", "leaderboard.md"), ("html", "leaderboard.html")):
        made = leaderboard.render(loaded, kind)
        write_atomic(reports / name, made.encode() if isinstance(made, str) else made)
    grid.draw_grid([run for run in loaded if run.n_images], out=reports / "grid.png")
    click.echo(f"\n{leaderboard.render(loaded, 'text')!s}")
    click.echo(f"page:        {reports / 'leaderboard.html'}")
    click.echo(f"leaderboard: {reports / 'leaderboard.md'}")
    click.echo(f"grid:        {reports / 'grid.png'}")


@click.command()
@click.argument("runs", nargs=-1, type=ANY)
@click.option("--outputs", type=FOLDER, help="A folder of outputs made elsewhere.")
@click.option("--name", default="outputs", show_default=True, help="Their method's name in tables.")
@click.option("--licence", help="Of their method and its weights, for tables.")
@click.option("--layout", help="Their file names, with {id}.  [default: detected]")
@click.option("--like", type=FOLDER, help="What `bench handout` wrote: its images and holes.")
@click.option("--dataset", help="[default: free-photos:size=64; with --like, where it was]")
@click.option("--mask", help="[default: center-box]")
@click.option("--size", type=click.IntRange(1))
@click.option("--limit", type=click.IntRange(1))
@click.option("--mask-seed", type=click.IntRange(0), help="[default: 0]")
@click.option("--metrics", help="A list.  [default: l1,psnr,ssim,lpips]")
@click.option("--score-device", help="Where networks of metrics run.  [default: cpu]")
@click.option("--out", type=FOLDER, default=RUNS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON on stdout.")
@click.option("--quiet", is_flag=True)
def score(
    *,
    runs: tuple[Path, ...],
    outputs: Path | None,
    like: Path | None,
    metrics: str | None,
    score_device: str | None,
    out: Path,
    as_json: bool,
    quiet: bool,
    **asked: Any,
) -> int:
    """Score outputs made elsewhere (--outputs), or run directories again with other metrics.

    With --like, the outputs are of what `bench handout` wrote; more of them may come later.
    """
    from bench import plugins
    from bench.cli import handing
    from bench.runner import benchmark
    from bench.runner.options import Options

    handing.check_device(score_device, like)
    names = tuple(plugins.split_list([metrics])) if metrics else None
    beside: list[Path] = []
    with shown(quiet=quiet or as_json) as progress:
        if like is not None:
            results = handing.score(outputs, like, asked, out, names, progress)
            beside = handing.companions_of(results, out)
        elif outputs is None:
            results = benchmark.score_runs(
                runs, metrics=names, progress=progress, device=score_device
            )
        else:
            fields = {key: value for key, value in asked.items() if value is not None}
            made = benchmark.OutputsRequest(outputs, **fields)
            options = Options(out, score_device=score_device)
            results = benchmark.score_outputs(made, options, metrics=names, progress=progress)
    where = out if outputs is not None else results[0].path.parent
    return _tell(results, where / "reports" / "scored", beside, as_json=as_json, quiet=quiet)


COMMANDS = (run, score)
