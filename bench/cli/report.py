"""`bench grid`, `bench table`, `bench export` and `bench verify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.loading import emit, load
from bench.cli.options import ANY, FILE, FOLDER, RUNS
from bench.cli.progress import shown

if TYPE_CHECKING:
    from bench.store.scored_run import ScoredRun


OUTLINES = click.Choice(["ends", "all", "none"])


@click.command()
@click.argument("runs", nargs=-1, type=ANY)
@click.option("--count", type=click.IntRange(1), help="Images.  [default: about 8 rows in all]")
@click.option("--image", "images", multiple=True, help="An image's id; repeatable, in order.")
@click.option("--method", "methods", multiple=True, help="A list, in order.  [default: all]")
@click.option("--samples", type=click.IntRange(1), default=4, show_default=True, help="Columns.")
@click.option("--metric", help="Score below each picture, or none.  [default: lpips]")
@click.option("--outline", type=OUTLINES, default="ends", help="Of the hole: target and hole, ...")
@click.option("--size", type=click.IntRange(16), help="Longest side of a picture, pixels.")
@click.option("--rename", "renames", multiple=True, metavar="OLD=NEW", help="Of a method, mask ...")
@click.option("--out", type=FILE, default=Path("grid.png"), show_default=True)
def grid(
    *,
    runs: tuple[Path, ...],
    methods: tuple[str, ...],
    metric: str | None,
    renames: tuple[str, ...],
    out: Path,
    **asked: Any,
) -> None:
    """Draw a comparison grid: rows are images; columns target, hole, each method and sample."""
    from bench import plugins
    from bench.report import grid as report
    from bench.report.grid_lines import GridStyle
    from bench.report.renaming import renamed

    names = tuple(plugins.split_list(methods))
    style = GridStyle(methods=names, metric=metric or "", **asked)
    report.draw_grid(renamed(load(runs, failed=True), renames), style=style, out=out)
    click.echo(str(out))


@click.command()
@click.argument("name", default="", metavar="NAME")
@click.argument("runs", nargs=-1, type=ANY)
@click.option("--run", "run_missing", is_flag=True, help="Run first what the table lacks.")
@click.option("--method", "methods", multiple=True, help="With --run: methods to run as well.")
@click.option("--format", "kind", help="text, md, csv, latex, html.  [default: by --out]")
@click.option("--tabular-only", is_flag=True, help="The table alone: no caption.")
@click.option("--out", type=FILE, help="Write to a file instead of stdout.")
def table(
    *,
    name: str,
    runs: tuple[Path, ...],
    run_missing: bool,
    methods: tuple[str, ...],
    kind: str | None,
    tabular_only: bool,
    out: Path | None,
) -> None:
    """Print a paper's numbers beside ours, and what does not compare (see `bench list tables`).

    RUNS given by hand are taken whatever their dataset; without them, those under results/runs.
    """
    from bench import plugins
    from bench.plan import request
    from bench.report import protocol
    from bench.report import table as report
    from bench.report.leaderboard import format_of
    from bench.runner import benchmark
    from bench.runner.options import Options

    if run_missing:
        missing = protocol.load_protocol(name).request(methods=tuple(plugins.split_list(methods)))
        with shown(quiet=False) as progress:
            benchmark.run_all(
                request.runs(missing),
                Options(RUNS),
                metrics=missing.metrics,
                workers=None,
                progress=progress,
            )
    here = load(runs, failed=True) if runs else _load_what_is_there()
    chosen = format_of(out, kind)
    emit(report.render(name, here, chosen, any_dataset=bool(runs), bare=tabular_only), out)


@click.command()
@click.argument("run", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="A new folder.")
def export(*, run: Path, out: Path) -> None:
    """Write a run as a plain folder: outputs, targets, holes and one CSV with every score."""
    from bench.store.export import write

    click.echo(str(write(run, out)))


@click.command()
@click.argument("references", nargs=-1, type=ANY)
@click.option("--count", type=click.IntRange(1), default=8, show_default=True, help="Images a run.")
@click.option("--method", "methods", multiple=True, help="With its path, as NAME:FILE.")
@click.option("--mask", "masks", multiple=True, help="With its path, such as folder:MASKS.")
@click.option("--dataset", "datasets", multiple=True, help="With its path, such as folder:IMAGES.")
@click.option("--write", is_flag=True, help="Write state.json, re-run, where it is reproduced.")
@click.option("--quiet", is_flag=True)
def verify(
    *, references: tuple[Path, ...], count: int, write: bool, quiet: bool, **asked: Any
) -> int:
    """Run a sample of the committed results again: does this machine reproduce them?

    REFERENCES: folders of runs.  [default: results/leaderboards, here or in the checkout]  Those on
    a folder need --dataset or --mask, those of a file --method.  Without REFERENCES, those whose
    images are not on this machine are told, and are no failure.
    """
    from bench import plugins
    from bench.runner import verify as checks
    from bench.runner.reference import Override
    from bench.runner.reference import references as find_references
    from bench.runner.rerun import record_rerun

    overrides = [
        Override(many.removesuffix("s"), spec) for many, specs in asked.items() for spec in specs
    ]
    for plugin in overrides:
        plugins.find_class(plugin.kind, plugin.spec)  # an unknown one is an error of the request
    verdicts = []
    with shown(quiet=quiet) as progress:
        for path in find_references(references):
            on_progress = progress.stage(path.name)
            verdicts.append(
                checks.verify(path, count=count, on_progress=on_progress, overrides=overrides)
            )
            if not quiet or not verdicts[-1].good:
                click.echo(verdicts[-1].text())
            if write:
                record_rerun(path, verdicts[-1])
    if not quiet:
        click.echo(checks.in_sum(verdicts))
    return 0 if checks.passed(verdicts, all_must=bool(references)) else 1


def _load_what_is_there() -> list[ScoredRun]:
    """Load the complete runs under results/runs; none is no error."""
    from bench.api import RequestError

    try:
        return load((), failed=True)
    except RequestError:
        return []


COMMANDS = (grid, table, export, verify)
