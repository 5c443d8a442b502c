"""A protocol for the progress of long commands, and an implementation that shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Progress(Protocol):
    """Shows the progress of the stages of a command."""

    def stage(self, title: str) -> Callable[[int, int], None]:
        """Begin a stage and return its on_progress(done, total)."""
        ...

    def say(self, line: str) -> None:
        """Show a line that stays."""
        ...


class Silent:
    """A Progress that shows nothing."""

    def stage(self, title: str) -> Callable[[int, int], None]:
        """Return a function that does nothing."""
        return lambda done, total: None

    def say(self, line: str) -> None:
        """Show nothing."""
