"""Progress bars on stderr, with an estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench.runner.progress import Progress, Silent


@contextmanager
def shown(*, quiet: bool) -> Iterator[Progress]:
    """Yield a progress bar with an estimate on stderr, or silence."""
    if quiet:
        yield Silent()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars
    from rich.progress import TimeRemainingColumn as Estimate

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        Estimate(),
    )
    bars = Bars(*columns, console=Console(stderr=True))
    try:
        yield _Bars(bars)
    except BaseException:
        bars.live.transient = True  # what went wrong is to stand alone
        bars.console.quiet = not bars.console.is_terminal
        raise
    finally:
        if bars.task_ids:
            bars.stop()


class _Bars:
    """Progress as rich bars: one line at a time, the one before it removed."""

    def __init__(self, bars: Any) -> None:
        self._bars = bars
        self._task: Any = None

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(line, markup=False, highlight=False)

    def stage(self, title: str) -> Callable[[int, int], None]:
        """Begin a line; the first one starts the display, so that errors before it stand alone."""
        self._bars.start()
        if self._task is not None:
            self._bars.remove_task(self._task)
        task = self._task = self._bars.add_task(title, total=None)
        # A resumed run starts with images done: the estimate must not count them as speed.
        first: list[int] = []

        def update(done: int, total: int) -> None:
            if not first:
                first.append(done)
                self._bars.reset(task, total=total, completed=done)
            self._bars.update(task, completed=done, total=total)

        return update
