"""The command line: each command parses, makes one call and prints.

Nothing heavy is imported before the command that needs it: `bench --help` stays instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from bench.api import RequestError
from bench.cli import (
    fill,
    handing,
    leaderboard,
    listings,
    make,
    paint,
    report,
    run,
    submissions,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="inpaint-bench")
def cli() -> None:
    """Benchmark image inpainting: holes, methods, metrics, tables."""


for _commands in (run, fill, paint, handing, leaderboard, report, submissions, listings, make):
    for _command in _commands.COMMANDS:
        cli.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what cannot be done is one line on stderr and exit code 2."""
    # Read when torch is loaded: a waiting thread soon sleeps.  Where threads spin for as long as
    # libgomp likes, a network's batch took up to twenty times as long beside other work; without
    # other work the two take the same time.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    try:
        code = cli.main(args=arguments, prog_name="bench", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.exceptions.Abort:
        _fail("Interrupted; what was finished is kept. Run the same command to go on.", 130)
    except click.ClickException as error:
        _fail(" ".join(error.format_message().split()), 2)
    except RequestError as error:
        _fail(" ".join(str(error).split()), 2)
    except OSError as error:  # a full disk, a folder that cannot be written
        where = f"{error.filename}: " if error.filename else ""
        what = error.strerror or " ".join(str(error).split())
        _fail(f"{where}{what}. What was finished is kept; run the same command to go on.", 2)


def _fail(message: str, code: int) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)
