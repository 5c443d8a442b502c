"""`bench list`, `bench masks` and `bench weights`; what they print is in catalogue.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.api import RequestError
from bench.cli.options import FOLDER
from bench.cli.progress import shown

if TYPE_CHECKING:
    from masks.pack import PackSummary


@click.command("list")
@click.argument(
    "kind",
    required=False,
    type=click.Choice(["methods", "samplers", "masks", "datasets", "metrics", "suites", "tables"]),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(*, kind: str | None, as_json: bool) -> None:
    """List methods, their samplers, masks, datasets, metrics and suites, with parameters."""
    from bench.cli import catalogue

    entries = catalogue.describe_all(kind)
    click.echo(json.dumps(entries, indent=2) if as_json else catalogue.listing_text(entries))


@click.command()
@click.argument("kind")
@click.option("--count", type=click.IntRange(1), help="How many.  [default: 64]")
@click.option("--dataset", help="Instead of a count: the hole that every image of it gets in runs.")
@click.option("--size", type=click.IntRange(8), default=256, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Mask seed.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the pack.")
@click.option("--quiet", is_flag=True)
def masks(
    *,
    kind: str,
    count: int | None,
    dataset: str | None,
    size: int,
    seed: int,
    out: Path,
    quiet: bool,
) -> None:
    """Draw a checksummed pack of masks, its statistics and a contact sheet."""
    from bench.plan import request
    from masks.pack import write_masks, write_pack

    if count is not None and dataset is not None:
        raise RequestError("Give --count or --dataset: a dataset has as many holes as images.")
    generator = request.load_mask(kind, size)
    seeds = None if dataset is None else _seeds_of_images(generator.name, dataset, size, seed)
    number = len(seeds) if seeds is not None else count or 64
    with shown(quiet=quiet) as progress:
        stage = progress.stage(f"masks {generator.name}")

        def on_progress(done: int) -> None:
            stage(done, number)

        summary = (
            write_pack(
                generator, count=number, size=size, seed=seed, out=out, on_progress=on_progress
            )
            if seeds is None
            else write_masks(
                generator, seeds, size=size, seed=seed, out=out, on_progress=on_progress
            )
        )
    if not quiet:
        click.echo(_pack_text(summary, number, size))
        if dataset is not None:
            click.echo(f"use them with --mask folder:{out},pairing=id")


def _pack_text(summary: PackSummary, number: int, size: int) -> str:
    """Return what a pack of masks holds, for its maker."""
    ratios = summary.statistics
    return (
        f"{summary.path}: {number} masks of {size}x{size}, hole ratio mean {ratios.mean:.3f}, "
        f"5th to 95th percentile {ratios.p5:.3f} to {ratios.p95:.3f}\n"
        f"sha256 {summary.sha256}\nholes sha256 {summary.holes_sha256}\n"
        f"contact sheet {summary.sheet}"
    )


def _seeds_of_images(mask: str, dataset: str, size: int, seed: int) -> dict[str, int]:
    """Return image id -> the seed that a run draws its hole from."""
    from bench.plan import request
    from bench.plan.spec import seed_of_hole

    ids = request.load_dataset(dataset, size).ids()
    return {image_id: seed_of_hole(mask, image_id, seed) for image_id in ids}


@click.command()
@click.argument("name", required=False)
@click.option("--fetch", is_flag=True, help="Fetch NAME, or everything that is missing.")
def weights(*, name: str | None, fetch: bool) -> None:
    """List every file of weights: what for, where it is, its hash; or fetch them."""
    from bench.cli import catalogue

    with shown(quiet=not fetch) as progress:
        click.echo(catalogue.weights_text(name, fetch=fetch, progress=progress))


COMMANDS = (list_plugins, masks, weights)
