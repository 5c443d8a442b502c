"""`bench leaderboard`, `bench grid`, `bench table`, `bench export` and `bench verify`."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import ANY, FILE, FOLDER, RUNS
from bench.cli.progress import shown

if TYPE_CHECKING:
    from bench.store.scored_run import ScoredRun


@click.command()
@click.argument("runs", nargs=-1, type=ANY)
@click.option("--format", "kind", default="md", show_default=True, help="md, csv, latex, html ...")
@click.option("--metrics", help="A list.  [default: all that were computed]")
@click.option("--rename", "renames", multiple=True, metavar="OLD=NEW", help="Of a method, mask ...")
@click.option("--no-intervals", is_flag=True, help="Leave the 95% intervals out.")
@click.option("--strict", is_flag=True, help="Refuse when a compared run lacks an image.")
@click.option("--pictures", type=click.IntRange(0), help="Most pictures in HTML.  [default: 1200]")
@click.option("--out", type=FILE, help="Write to a file instead of stdout.")
def leaderboard(
    *,
    runs: tuple[Path, ...],
    kind: str,
    metrics: str | None,
    renames: tuple[str, ...],
    no_intervals: bool,
    strict: bool,
    pictures: int | None,
    out: Path | None,
) -> None:
    """Compare runs in one table (default: all under results/runs).

    Scores are of the images that all compared runs have; what is missing is said below the table.
    """
    from bench import plugins
    from bench.report import leaderboard as report
    from bench.report.renaming import renamed

    names = plugins.split_list([metrics]) if metrics else None
    text = report.render(
        renamed(_load(runs, failed=True), renames),
        kind,
        metrics=names,
        intervals=not no_intervals,
        pictures=pictures,
        strict=strict,
    )
    _emit(text, out)


@click.command()
@click.argument("runs", nargs=-1, type=ANY)
@click.option("--count", type=click.IntRange(1), help="Images.  [default: about 8 rows in all]")
@click.option("--out", type=FILE, default=Path("grid.png"), show_default=True)
def grid(*, runs: tuple[Path, ...], count: int | None, out: Path) -> None:
    """Draw a comparison grid: rows are images; columns target, hole, each method."""
    from bench.report import grid as report

    report.draw_grid(_load(runs, failed=True), count=count, out=out)
    click.echo(str(out))


@click.command()
@click.argument("name", default="", metavar="NAME")
@click.argument("runs", nargs=-1, type=ANY)
@click.option("--run", "run_missing", is_flag=True, help="Run first what the table lacks.")
@click.option("--method", "methods", multiple=True, help="With --run: methods to run as well.")
@click.option("--out", type=FILE, help="Write to a file instead of stdout.")
def table(
    *,
    name: str,
    runs: tuple[Path, ...],
    run_missing: bool,
    methods: tuple[str, ...],
    out: Path | None,
) -> None:
    """Print a paper's numbers beside ours, and what does not compare (see `bench list tables`).

    RUNS given by hand are taken whatever their dataset; without them, those under results/runs.
    """
    from bench import plugins
    from bench.plan import request
    from bench.report import protocol
    from bench.report import table as report
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
    here = _load(runs, failed=True) if runs else _load_what_is_there()
    _emit(report.render(name, here, any_dataset=bool(runs)), out)


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
@click.option("--quiet", is_flag=True)
def verify(*, references: tuple[Path, ...], count: int, quiet: bool) -> int:
    """Run a sample of the committed results again: does this machine reproduce them?

    REFERENCES: folders of runs.  [default: results/leaderboards, here or in the checkout]
    """
    from bench.runner import verify as checks
    from bench.runner.reference import references as find_references

    verdicts = []
    with shown(quiet=quiet) as progress:
        for path in find_references(references):
            on_progress = progress.stage(path.name)
            verdicts.append(checks.verify(path, count=count, on_progress=on_progress))
            if not quiet or verdicts[-1].off:
                click.echo(verdicts[-1].text())
    failed = sum(bool(verdict.off) for verdict in verdicts)
    if not quiet:
        click.echo(checks.in_sum(verdicts))
    return 1 if failed else 0


def _load(runs: Sequence[Path], *, failed: bool = False) -> list[ScoredRun]:
    """Load complete runs (and failed ones); say in one line each which were passed over."""
    from bench.store.scored_run import load_runs

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        loaded = load_runs(runs or (RUNS,), failed=failed)
    for warning in caught:
        click.echo(f"Warning: {warning.message}", err=True)
    return loaded


def _load_what_is_there() -> list[ScoredRun]:
    """Load the complete runs under results/runs; none is no error."""
    from bench.api import RequestError

    try:
        return _load((), failed=True)
    except RequestError:
        return []


def _emit(content: str | bytes, out: Path | None) -> None:
    """Print a report, or write it to a file."""
    from bench.api.files import write_atomic

    data = content.encode() if isinstance(content, str) else content
    if out is None:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    write_atomic(out, data)
    click.echo(str(out))


COMMANDS = (leaderboard, grid, table, export, verify)
