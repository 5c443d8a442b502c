"""The commands of `bench`, by task; bench.cli puts them together."""

from pathlib import Path

import click

RUNS = Path("results/runs")
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
ANY = click.Path(path_type=Path)
