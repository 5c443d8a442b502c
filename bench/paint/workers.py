"""Long-lived worker processes: one for each method in use, and one for the page's own tasks.

Since each method has its own process, cancelling it, a crash or a lack of memory leaves the other
methods loaded.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager

from bench.api import RequestError
from bench.execute import Lost, Result, Task
from bench.execute.devices import cores
from bench.execute.local import LocalProcesses, outcome

# Each process has loaded torch: about 300 MB.
MOST_METHODS = 8
ERRAND_SECONDS = 60
METHOD_PRELOAD = ("bench.complete.worker",)
ERRANDS_PRELOAD = ("bench.scoring.images", "bench.metrics.lpips")


class Workers:
    """Starts worker processes when they are first needed and keeps them.

    slots: threads that may compute at once; a method takes one, or all if it uses several cores.
    """

    def __init__(self) -> None:
        self.slots = cores()
        self._turns = Turns(self.slots)
        self._methods: OrderedDict[str, LocalProcesses] = OrderedDict()
        self._locks: dict[str, asyncio.Lock] = {}
        self._errands = LocalProcesses(1, 1, preload=ERRANDS_PRELOAD)

    def warm(self, method: str, threads: int) -> None:
        """Start the process of a method before it is needed."""
        self._process(method, threads).submit(str, method, timeout=None)

    @asynccontextmanager
    async def turn(self, method: str, threads: int) -> AsyncIterator[LocalProcesses]:
        """Wait until the method's process and enough cores are free; yield the process."""
        async with self._locks.setdefault(method, asyncio.Lock()), self._turns.taken(threads):
            yield self._process(method, threads)

    async def errand(self, function: Callable[[Task], Result], task: Task) -> Result:
        """Run a function of the page in a process; raises RequestError when it hangs or dies."""
        future = self._errands.submit(function, task, timeout=ERRAND_SECONDS)
        result = await finished(future)
        if isinstance(result, Lost):
            raise RequestError(f"That did not work: {result.reason}. Try another file or image.")
        return result

    def close(self) -> None:
        """End all processes, busy ones too."""
        for process in (*self._methods.values(), self._errands):
            process.close()

    def _process(self, method: str, threads: int) -> LocalProcesses:
        if method not in self._methods:
            self._make_room()
            self._methods[method] = LocalProcesses(1, threads, preload=METHOD_PRELOAD)
        self._methods.move_to_end(method)
        return self._methods[method]

    def _make_room(self) -> None:
        """End the process of the method that was not used for longest, unless it is busy."""
        for method in list(self._methods):
            busy = method in self._locks and self._locks[method].locked()
            if len(self._methods) >= MOST_METHODS and not busy:
                process = self._methods.pop(method)
                asyncio.get_running_loop().run_in_executor(None, process.close)


class Turns:
    """Hands out slots in the order of the requests."""

    def __init__(self, slots: int) -> None:
        self._free = slots
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def taken(self, count: int) -> AsyncIterator[None]:
        """Wait until this many slots are free, and hold them."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._free >= count)
            self._free -= count
        try:
            yield
        finally:
            await asyncio.shield(self._give(count))

    async def _give(self, count: int) -> None:
        async with self._changed:
            self._free += count
            self._changed.notify_all()


async def finished(future: Future[Result]) -> Result | Lost:
    """Wait for a task in a process; cancelling the wait ends the process.

    Raises what the task raised.
    """
    wrapped = asyncio.wrap_future(future)
    try:
        await asyncio.wait([wrapped])
    except asyncio.CancelledError:
        future.cancel()
        raise
    wrapped.exception()  # retrieved: asyncio warns about exceptions that nobody retrieves
    return outcome(future)
