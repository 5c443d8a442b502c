"""`bench paint`: paint a hole on a page, see every method fill it."""

from __future__ import annotations

from pathlib import Path

import click

from bench.api import RequestError
from bench.cli.options import FOLDER


@click.command()
@click.option("--dataset", help="NAME, NAME:key=value or folder:PATH.  [default: all shipped ones]")
@click.option("--method", "methods", multiple=True, help="NAME or NAME:key=value,... ; a list.")
@click.option("--size", type=click.IntRange(8, 1024), help="Side of the images at first, pixels.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=300, show_default=True,
              help="Seconds a filling.")  # fmt: skip
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda or cuda:N.")
@click.option("--pack", type=FOLDER, default=Path("paint-pack"), show_default=True,
              help="Where images and holes are kept.")  # fmt: skip
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="[default: any free]")
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
def paint(
    *,
    dataset: str | None,
    methods: tuple[str, ...],
    size: int | None,
    timeout: float,
    device: str,
    pack: Path,
    host: str,
    port: int,
    no_browser: bool,
) -> None:
    """Paint a hole on a page of this machine; every method fills it, side by side."""
    from bench import plugins
    from bench.execute.devices import check_device

    try:
        from bench.paint.serve import serve
        from bench.paint.studio import PaintSettings
    except ImportError as error:
        raise RequestError(
            f"bench paint needs {error.name}: pip install 'inpaint-bench[paint]'."
        ) from error
    from masks.growing import add_mask

    if device != "cpu":
        check_device(device)
    if pack.exists() and not pack.is_dir():
        raise RequestError(f"--pack {pack} is not a folder; give a folder, or a new name.")
    settings = PaintSettings(
        add_mask,
        dataset=dataset,
        methods=plugins.split_list(methods),
        size=size,
        timeout=timeout,
        device=device,
        pack=pack,
    )
    serve(settings, host, port, browser=not no_browser, say=lambda line: click.echo(line, err=True))


COMMANDS = (paint,)
