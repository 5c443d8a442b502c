"""The command line: each command parses, makes one call and prints.

Nothing heavy is imported before the command that needs it: `bench --help` stays instant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from bench.cli.commands import Commands


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="inpaint-bench")
def cli() -> None:
    """Benchmark image inpainting: holes, methods, metrics, tables."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what cannot be done is one line on stderr and exit code 2."""
    # Read when torch is loaded: a waiting thread soon sleeps.  Where threads spin for as long as
    # libgomp likes, a network's batch took up to twenty times as long beside other work; without
    # other work the two take the same time.
    os.environ.setdefault("GOMP_SPINCOUNT", "3000")
    try:
        code = cli.main(args=arguments, prog_name="bench", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except Exception as error:
        from bench.cli.failures import explain

        message, code = explain(error)
        click.echo(f"Error: {message}", err=True)
        sys.exit(code)
