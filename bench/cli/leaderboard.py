"""`bench leaderboard`: runs in one table, in any format."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.loading import emit, load
from bench.cli.options import ANY, FILE

if TYPE_CHECKING:
    from bench.report.paper import Style

LAYOUTS = click.Choice(["boards", "paper"])


@click.command()
@click.argument("runs", nargs=-1, type=ANY)
@click.option("--format", "kind", help="text, md, csv, latex, html, parquet.  [default: by --out]")
@click.option(
    "--layout",
    type=click.Choice(["boards", "paper"]),
    default="boards",
    help="A table per mask, or one.",
)
@click.option("--metrics", help="A list.  [default: all that were computed]")
@click.option("--rename", "renames", multiple=True, metavar="OLD=NEW", help="Of a method, mask ...")
@click.option("--no-intervals", is_flag=True, help="Leave the 95% intervals out.")
@click.option("--decimals", help="Of the paper's table: N, or METRIC=N,...")
@click.option("--label", help="Of the paper's table, in LaTeX.")
@click.option("--caption", help="Of the paper's table, instead of our own.")
@click.option("--no-n", is_flag=True, help="Leave the number of images out of the paper's table.")
@click.option("--no-seconds", is_flag=True, help="Leave the seconds out of the paper's table.")
@click.option("--tabular-only", is_flag=True, help="The paper's table alone: no caption.")
@click.option("--strict", is_flag=True, help="Refuse when a compared run lacks an image.")
@click.option("--pictures", type=click.IntRange(0), help="Most pictures in HTML.  [default: 1200]")
@click.option("--out", type=FILE, help="Write to a file instead of stdout.")
def leaderboard(
    *,
    runs: tuple[Path, ...],
    kind: str | None,
    layout: str,
    metrics: str | None,
    renames: tuple[str, ...],
    no_intervals: bool,
    strict: bool,
    pictures: int | None,
    out: Path | None,
    **style: Any,
) -> None:
    """Compare runs in one table (default: all under results/runs).

    Scores are of the images that all compared runs have; what is missing is said below the table.
    """
    from bench import plugins
    from bench.report import leaderboard as report
    from bench.report.renaming import renamed

    names = plugins.split_list([metrics]) if metrics else None
    chosen = report.format_of(out, kind)
    text = report.render(
        renamed(load(runs, failed=True), renames),
        chosen,
        metrics=names,
        intervals=not no_intervals,
        pictures=pictures,
        strict=strict,
        style=_paper_style(layout, intervals=not no_intervals, **style),
    )
    emit(text, out)


def _paper_style(
    layout: str,
    *,
    intervals: bool,
    decimals: str | None,
    label: str | None,
    caption: str | None,
    no_n: bool,
    no_seconds: bool,
    tabular_only: bool,
) -> Style | None:
    """Return how the paper's table looks, None for a table per mask, which has no such options."""
    from bench.api import RequestError
    from bench.report import paper

    if layout != "paper":
        if decimals or label or caption or no_n or no_seconds or tabular_only:
            raise RequestError(
                "--decimals, --label, --caption, --no-n, --no-seconds and --tabular-only are of "
                "one table: give --layout paper too."
            )
        return None
    return paper.Style(
        paper.parse_decimals(decimals or ""),
        intervals,
        not no_n,
        not no_seconds,
        label or "",
        caption or "",
        tabular_only,
    )


COMMANDS = (leaderboard,)
