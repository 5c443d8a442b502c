"""What the command line says of an exception, and its exit code."""

from __future__ import annotations

import click

from bench.api import RequestError


def explain(error: Exception) -> tuple[str, int]:
    """Return one line and the exit code; an error that is not the user's is raised again."""
    if isinstance(error, click.exceptions.Abort):
        return "Interrupted; what was finished is kept. Run the same command to go on.", 130
    if isinstance(error, click.ClickException):
        return _line(error.format_message()), 2
    if isinstance(error, RequestError):
        return _line(str(error)), 2
    if isinstance(error, OSError):  # a full disk, a folder that cannot be written
        where = f"{error.filename}: " if error.filename else ""
        what = error.strerror or _line(str(error))
        return f"{where}{what}. What was finished is kept; run the same command to go on.", 2
    raise error


def _line(text: str) -> str:
    return " ".join(text.split())
