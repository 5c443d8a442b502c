"""Where functions run: this process, local processes, Dask; knows no images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Lost:
    """A task that came back without a result: its worker hung past the timeout, or died."""

    reason: str


TIMED_OUT = Lost("timed out")


class Executor(Protocol):
    """Runs tasks somewhere."""

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        timeout: Callable[[Task], float | None],
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Yield (task, result) in order of completion; an exception of `function` is raised."""
        ...

    def close(self) -> None:
        """Give the workers back."""
        ...
