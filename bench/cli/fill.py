"""`bench fill`: one photograph and one hole."""

from __future__ import annotations

from pathlib import Path

import click

from bench.cli.options import ANY
from bench.cli.progress import shown

POLARITIES = click.Choice(["hole-white", "keep-white"])


@click.command()
@click.argument("photo", type=ANY)
@click.argument("hole", required=False)
@click.option("--method", "methods", multiple=True, required=True, help="One or a list.")
@click.option("--out", type=ANY, default=Path("filled"), show_default=True, help="Folder, or file.")
@click.option("--polarity", type=POLARITIES, default="hole-white", show_default=True)
@click.option("--hole-colour", help="RRGGBB that was painted over what is to be filled.")
@click.option(
    "--tolerance", type=click.IntRange(0, 255), default=16, show_default=True,
    help="Levels that a painted pixel may differ by.",
)  # fmt: skip
@click.option(
    "--grow", type=click.IntRange(0, 1000),
    help="Grow the hole by so many pixels.  [default: 8 for a colour in a JPEG, else 0]",
)  # fmt: skip
@click.option("--mask-seed", type=click.IntRange(0), default=0, help="Seed of a generated hole.")
@click.option("--samples", type=click.IntRange(1, 64), default=1, help="Fillings of each method.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Seed of the methods.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option("--overwrite", is_flag=True, help="Replace files, even the photograph.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def fill(
    *,
    photo: Path,
    hole: str | None,
    methods: tuple[str, ...],
    out: Path,
    polarity: str,
    hole_colour: str | None,
    tolerance: int,
    grow: int | None,
    mask_seed: int,
    samples: int,
    seed: int,
    device: str,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Fill the hole of one photograph, at full resolution, in its own format.

    HOLE: a mask file (white is missing), or a generator of `bench list masks`; without it, the
    colour of --hole-colour or the transparent pixels are filled.  Several methods, or samples, give
    a file each and a picture of all side by side.
    """
    from bench import plugins
    from bench.filling.files import FillRequest, fill_file
    from bench.filling.holes import HoleSource

    source = HoleSource(hole, polarity, hole_colour, tolerance, grow, mask_seed)  # type: ignore[arg-type]
    names = tuple(plugins.split_list(methods))
    request = FillRequest(photo, source, names, out, samples, seed, device, overwrite)
    with shown(quiet=quiet) as progress:
        written = fill_file(request, progress)
    if not quiet:
        for path in written:
            click.echo(str(path))


COMMANDS = (fill,)
