"""`bench handout`, and `bench score --like` for what comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.api import RequestError
from bench.api.exchange import LAYOUTS, POLARITIES
from bench.cli.options import FOLDER
from bench.cli.progress import shown

if TYPE_CHECKING:
    from bench.runner.progress import Progress
    from bench.runner.result import RunResult


@click.command()
@click.option("--dataset", default="free-photos:size=64", show_default=True)
@click.option("--mask", required=True, help="NAME or NAME:key=value,...")
@click.option("--size", type=click.IntRange(1), help="Side of the images, pixels.")
@click.option("--limit", type=click.IntRange(1), help="The first N images.")
@click.option("--mask-seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--samples", type=click.IntRange(1), default=1, show_default=True)
@click.option("--layout", type=click.Choice(list(LAYOUTS)), default="plain", show_default=True)
@click.option(
    "--polarity", type=click.Choice(POLARITIES), help="Of the masks.  [default: the layout's]"
)
@click.option("--with-targets", is_flag=True, help="Whole images: what is in the hole is there.")
@click.option("--out", type=FOLDER, required=True, help="A new folder.")
@click.option("--quiet", is_flag=True)
def handout(*, out: Path, quiet: bool, layout: str, polarity: str | None, **asked: Any) -> int:
    """Write images and masks as files for another program; the same command goes on.

    The hidden pixels are not in the images, unless asked for.  `bench score --outputs FOLDER --like
    OUT` scores what comes back.
    """
    from bench.handout.manifest import Asked
    from bench.handout.write import write_handout

    chosen = LAYOUTS[layout]  # type: ignore[index]
    request = Asked(**asked, layout=layout, polarity=polarity or chosen.polarity)  # type: ignore[arg-type]
    with shown(quiet=quiet) as progress:
        written = write_handout(request, out, progress.stage("handing out"))
    for image_id, error in written.failed.items():
        click.echo(f"  left out: {image_id}: {error}", err=True)
    if not quiet:
        white = "missing" if request.polarity == "hole-white" else "kept"
        kept = f" ({written.kept} files were there)" if written.kept else ""
        click.echo(f"{out}: {len(written.handout.images)} images and masks, white = {white}{kept}")
        click.echo(
            f"score what comes back: bench score --outputs FOLDER --like {out} --name METHOD"
        )
    return 1 if written.failed else 0


def score(
    outputs: Path | None,
    like: Path,
    asked: Mapping[str, Any],
    out: Path,
    metrics: Sequence[str] | None,
    progress: Progress,
) -> list[RunResult]:
    """Score a handout's outputs; raises RequestError for options that the handout decides."""
    from bench.runner.returned import ReturnedRequest, score_returned

    if outputs is None:
        raise RequestError("--like needs --outputs FOLDER: where the outputs lie that came back.")
    decided = [key for key in ("mask", "size", "limit", "mask_seed", "layout") if asked[key]]
    if decided:
        options = ", ".join(f"--{key.replace('_', '-')}" for key in decided)
        raise RequestError(f"{options}: --like {like} decides that; leave it out.")
    returned = ReturnedRequest(outputs, like, asked["name"], asked["dataset"], asked["licence"])
    return score_returned(returned, out=out, metrics=metrics, progress=progress)


def companions_of(results: Sequence[RunResult], folder: Path) -> list[Path]:
    """Return the runs in a folder on the same images and holes as these."""
    from bench.store.companions import companions

    scored = [(result.path, result.summary.spec) for result in results if result.summary]
    return [other.path for path, spec in scored for other in companions(path, spec, folder)]


def check_device(device: str | None, like: Path | None) -> None:
    """Raise RequestError for a device of the metrics' networks beside --like."""
    if device is not None and like is not None:
        raise RequestError("--score-device: with --like scores are of the CPU; leave it out.")


COMMANDS = (handout,)
