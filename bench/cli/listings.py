"""`bench list`, `bench masks` and `bench weights`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from bench.cli.options import FOLDER


@click.command("list")
@click.argument(
    "kind",
    required=False,
    type=click.Choice(["methods", "masks", "datasets", "metrics", "suites", "tables"]),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(*, kind: str | None, as_json: bool) -> None:
    """List methods, masks, datasets, metrics and suites, with their parameters."""
    from bench.cli import listing

    entries = listing.everything(kind)
    click.echo(json.dumps(entries, indent=2) if as_json else listing.as_text(entries))


@click.command()
@click.argument("kind")
@click.option("--count", type=click.IntRange(1), default=64, show_default=True)
@click.option("--size", type=click.IntRange(8), default=256, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=FOLDER, required=True, help="Folder of the pack.")
@click.option("--quiet", is_flag=True)
def masks(*, kind: str, count: int, size: int, seed: int, out: Path, quiet: bool) -> None:
    """Draw a checksummed pack of masks, its statistics and a contact sheet."""
    from bench import plugins
    from bench.runner import benchmark
    from masks.pack import write_pack

    generator = plugins.mask(kind)
    with benchmark.shown(quiet=quiet) as progress:
        on_progress = progress.stage(f"masks {generator.name}")
        summary = write_pack(
            generator,
            count=count,
            size=size,
            seed=seed,
            out=out,
            on_progress=lambda done: on_progress(done, count),
        )
    if not quiet:
        ratios = summary.statistics
        click.echo(
            f"{summary.path}: {count} masks of {size}x{size}, hole ratio mean {ratios.mean:.3f}, "
            f"5th to 95th percentile {ratios.p5:.3f} to {ratios.p95:.3f}\n"
            f"sha256 {summary.sha256}\ncontact sheet {summary.sheet}"
        )


@click.command()
@click.argument("name", required=False)
@click.option("--fetch", is_flag=True, help="Fetch NAME, or everything that is missing.")
def weights(*, name: str | None, fetch: bool) -> None:
    """List every file of weights: what for, where it is, its hash; or fetch them."""
    from bench.cli import listing
    from bench.runner import benchmark

    with benchmark.shown(quiet=not fetch) as progress:
        click.echo(listing.weights(name, fetch=fetch, progress=progress))


COMMANDS = (list_plugins, masks, weights)
