"""Where functions run: this process, local processes, Dask; knows no images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Lost:
    """What stands for a task's result when its worker died or ran past the timeout."""

    reason: str


TIMED_OUT = Lost("timed out")


class Executor(Protocol):
    """Runs a function on tasks, somewhere; keeps a few tasks in flight, whatever their number."""

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        timeout: Callable[[Task], float | None],
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Yield (task, result or Lost) in order of completion.

        timeout: seconds per task, None = no limit.  Raises what `function` raises.
        """
        ...

    def close(self) -> None:
        """Release the workers."""
        ...
