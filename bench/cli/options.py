"""The types of options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

RUNS = Path("results/runs")
FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
ANY = click.Path(path_type=Path)


class SizeShare(click.ParamType[tuple[int, float]]):
    """SIZE=SHARE becomes (size, share): a multiple of 8 from 16 on, and more than 0, below 1."""

    name = "size=share"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, float]:
        """Return the pair; click's usage error for another text."""
        try:
            size, share = str(value).split("=")
            pair = int(size), float(share)
        except ValueError:
            pair = 0, 0.0
        if pair[0] < 16 or pair[0] % 8 or not 0 < pair[1] < 1:
            self.fail(
                f"{value!r}; allowed: SIZE=SHARE, such as 128=.25, the size a multiple of 8 from "
                "16 on, the share between 0 and 1",
                param, ctx,
            )  # fmt: skip
        return pair
