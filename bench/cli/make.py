"""`bench gallery`, `bench train` and `bench explain`."""

from __future__ import annotations

from pathlib import Path

import click

from bench.api import PRECISIONS
from bench.cli.options import ANY, FILE, FOLDER, SizeShare
from bench.cli.progress import shown


@click.group()
def gallery() -> None:
    """Galleries of photographs, for methods that complete from one."""


@gallery.command("build")
@click.argument("source", required=False, type=FOLDER)
@click.option("--dataset", help="Take a dataset's images instead of a folder's.")
@click.option("--out", type=FOLDER, required=True, help="The gallery's folder.")
@click.option("--side", type=click.IntRange(16), default=512, show_default=True, help="Short side.")
@click.option("--quiet", is_flag=True)
def build_gallery(
    *, source: Path | None, dataset: str | None, out: Path, side: int, quiet: bool
) -> int:
    """Build a gallery from the photographs under SOURCE; goes on where an earlier call stopped."""
    from bench.cli import galleries

    with shown(quiet=quiet) as progress:
        on_progress = progress.stage("gallery")
        report = galleries.build(source, dataset, out, side=side, on_progress=on_progress)
    for name, error in report.skipped:
        click.echo(f"  skipped: {name}: {error}", err=True)
    if not quiet:
        click.echo(f"{out}: {report.text()}")
    return 1 if report.skipped else 0


@click.command()
@click.argument("method")
@click.option(
    "--dataset", "datasets", multiple=True, required=True,
    help="What to train on, such as folder:photos/; repeatable.",
)  # fmt: skip
@click.option("--config", help="A recipe; a wrong name lists them.  [default: by method]")
@click.option("--out", type=FOLDER, required=True, help="Checkpoints, logs, samples, weights.")
@click.option("--mask", "masks", multiple=True, help="Holes.  [default: the recipe's]")
@click.option("--held-out", type=click.IntRange(0), default=0, help="Leave the last N images out.")
@click.option("--set", "settings", multiple=True, help="KEY=VALUE of the recipe; repeatable.")
@click.option(
    "--larger", type=SizeShare(), multiple=True,
    help="SIZE=SHARE: this share of the batches holds images of this size; repeatable.",
)  # fmt: skip
@click.option(
    "--with-test-images", is_flag=True, help="Train on images of free-photos, if there are any."
)
@click.option("--start", type=FILE, help="Weights to begin with.  [default: random ones]")
@click.option("--steps", type=click.IntRange(1), help="Steps in all.  [default: the recipe's]")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Stop after this long.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--precision", type=click.Choice(PRECISIONS), default="auto")
def train(
    *,
    method: str,
    datasets: tuple[str, ...],
    config: str | None,
    out: Path,
    masks: tuple[str, ...],
    held_out: int,
    settings: tuple[str, ...],
    larger: tuple[tuple[int, float], ...],
    with_test_images: bool,
    start: Path | None,
    steps: int | None,
    minutes: float | None,
    device: str,
    seed: int,
    precision: str,
) -> None:
    """Train a method's network on a dataset; the same command again goes on where it stopped.

    METHOD: a name; that of a method without a network lists those that have one.
    """
    from bench.cli import training

    weights = training.train(
        method,
        training.ChosenRecipe(config, settings, masks, dict(larger)),
        datasets,
        out,
        held_out=held_out,
        with_test_images=with_test_images,
        start=start,
        steps=steps,
        minutes=minutes,
        device=device,
        seed=seed,
        precision=precision,
    )
    click.echo(f"{weights}  (use it with --method {method}:path={weights})")


@click.command()
@click.argument("method")
@click.option("--image", type=ANY, help="An image file.  [default: a shipped photograph]")
@click.option("--mask", default="center-box", show_default=True)
@click.option("--size", type=click.IntRange(16), help="Side of the square that is cut from it.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--out", type=FILE, help="The picture.  [default: explain-METHOD.png]")
def explain(
    *,
    method: str,
    image: Path | None,
    mask: str,
    size: int | None,
    seed: int,
    out: Path | None,
) -> None:
    """Draw how a method completes one image.

    METHOD: NAME or NAME:key=value,...; one that cannot draw itself lists those that can.
    docs/tour.md explains the pictures and their equations.
    """
    from bench.cli import explaining

    click.echo(str(explaining.draw(method, image, mask, out, size=size, seed=seed)))


COMMANDS = (gallery, train, explain)
