"""`bench submit` and `bench check-submission`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.options import FILE, FOLDER
from bench.cli.progress import shown

if TYPE_CHECKING:
    from bench.submission.check import Checked


@click.command()
@click.argument("runs", nargs=-1, type=FOLDER)
@click.option("--method", "card", type=FILE, help="method.json.  [default: the one in OUT]")
@click.option("--out", type=FOLDER, required=True, help="The submission's folder.")
@click.option("--quiet", is_flag=True)
def submit(*, runs: tuple[Path, ...], card: Path | None, out: Path, quiet: bool) -> None:
    """Pack complete runs with a card of their method, for a repository of results.

    Without a card, OUT/method.json is written to fill in.
    """
    from bench.submission.pack import pack

    with shown(quiet=quiet) as progress:
        packed = pack(runs, card, out, progress.stage("packing"))
    if not quiet:
        size = packed.archive_bytes / 1e6
        click.echo(f"{out}: {len(packed.runs)} runs; archives of outputs: {size:.1f} MB")
        click.echo(f"check it as others will: bench check-submission {out}")


@click.command("check-submission")
@click.argument("folder", type=FOLDER)
@click.option("--archives", type=FOLDER, help="Where the PNGs' archives lie.  [default: FOLDER]")
@click.option("--dataset", help="Where its images lie, if they are not shipped.")
@click.option("--write", is_flag=True, help="Write each run's state.json.")
@click.option("--quiet", is_flag=True)
def check_submission(
    *, folder: Path, archives: Path | None, dataset: str | None, write: bool, quiet: bool
) -> int:
    """Check a submission: schema, images, holes, pixels, and every score computed again.

    Runs whose PNGs are not there are claimed, the others re-scored.
    """
    from bench.store.state import read_state, write_state
    from bench.submission.check import check

    with shown(quiet=quiet) as progress:
        checked = check(
            folder, archives=archives, dataset=dataset, on_progress=progress.stage("checking")
        )
    for run in checked:
        _tell(run, quiet=quiet)
        if write and run.state is not None:
            path = folder / "runs" / run.name
            before = read_state(path)
            reason = before.unreliable if before is not None else ""
            write_state(path, replace(run.state, unreliable=reason))
    return 1 if any(run.wrong for run in checked) else 0


def _tell(run: Checked, *, quiet: bool) -> None:
    """Print a run's state, and what is wrong with it."""
    word = "refused" if run.state is None else run.state.word
    if not quiet or run.state is None:
        click.echo(f"{run.name}: {word}, {run.n} outputs")
    for line in run.wrong[:20]:
        click.echo(f"  {line}")
    if len(run.wrong) > 20:
        click.echo(f"  and {len(run.wrong) - 20} more")


COMMANDS = (submit, check_submission)
