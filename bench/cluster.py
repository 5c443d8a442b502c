"""Runs on many machines: Dask distributed behind the Executor protocol of bench.executors.

Dask schedules, balances and tries again what a lost worker had; this file cuts the tasks into
groups worth sending, keeps a few groups in flight, and imports dask only when asked for.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import length_hint
from statistics import median
from typing import Any

from bench.api import RequestError
from bench.executors import TIMED_OUT, Lost, Result, Task, prepare_process

# A group of tasks takes about this long: Dask's overhead is some 10 ms a group, and what a lost
# worker had is a group.
GROUP_SECONDS = 1.5
MOST_TASKS = 64
GROUPS_A_WORKER = 2
# How often a group is tried on another worker before its tasks are called Lost.
LOST_WORKERS = 1
JOIN_SECONDS = 60
# Dask's watching of itself (event loops fifty times a second, stacks a hundred times) takes some 4%
# of a core in each process, which is missing where workers and parent share the cores.
QUIET = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.system-monitor.gil.enabled": False,
    "distributed.worker.memory.monitor-interval": "500ms",
}
LEAVE_CTRL_C_TO_THE_PARENT = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"


@dataclass(frozen=True)
class _Reply:
    """What a worker has to say of one task; seconds: what it took."""

    result: Any
    seconds: float


class DaskCluster:
    """Runs tasks on the workers of a Dask scheduler, or of a cluster on this machine.

    scheduler: an address such as tcp://host:8786.  workers: processes of a cluster on this machine,
    used when there is no scheduler.  gpu: take a worker's resource "GPU" for each task.
    """

    def __init__(self, *, scheduler: str | None, workers: int, gpu: bool) -> None:
        distributed = _distributed()
        self._gpu = gpu
        self._cluster: Any = None
        if scheduler is None:
            if workers < 1:
                raise RequestError(f"workers={workers}: give at least 1.")
            self._cluster = _local_cluster(workers, gpu)
        try:
            # Results come from the workers directly: through the scheduler they are copied twice.
            self._client: Any = distributed.Client(
                self._cluster or scheduler, timeout=JOIN_SECONDS, direct_to_workers=True
            )
        except (OSError, ValueError) as error:
            raise RequestError(
                f"--scheduler {scheduler}: no Dask scheduler answers there "
                f"({' '.join(str(error).split())[:200]}). Start one with `dask scheduler`."
            ) from None
        try:
            self._check_workers()
        except BaseException:
            self.close()
            raise

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        timeout: Callable[[Task], float | None],
    ) -> Iterator[tuple[Task, Result | Lost]]:
        """Yield (task, result or Lost) in order of completion.

        A group whose workers died is sent again task by task; a worker with a task that outlasts
        its timeout is restarted, and the rest of its group is sent again.
        """
        distributed = _distributed()
        queue = iter(tasks)
        again: deque[Task] = deque()
        costs: deque[float] = deque(maxlen=32)
        groups: dict[Any, list[Task]] = {}
        finished = distributed.as_completed()

        def send(group: list[Task]) -> None:
            payload = pickle.dumps((function, [(task, timeout(task)) for task in group]))
            resources = {"GPU": 1} if self._gpu else None
            future = self._client.submit(run_group, payload, pure=False, resources=resources)
            groups[future] = group
            finished.add(future)

        def fill() -> None:
            flying = GROUPS_A_WORKER * max(1, len(self._client.nthreads()))
            while len(groups) < flying:
                fair = max(1, length_hint(queue, MOST_TASKS * flying) // flying)  # even at the end
                group = [again.popleft()] if again else _take(queue, min(_group_size(costs), fair))
                if not group:
                    return
                send(group)

        try:
            fill()
            while groups:
                future = next(finished)
                group = groups.pop(future)
                for task, reply in zip(group, self._replies(future, group), strict=True):
                    if reply is None:
                        again.append(task)
                        continue
                    costs.append(reply.seconds)
                    yield task, reply.result
                fill()
        finally:
            self._client.cancel(list(groups))

    def close(self) -> None:
        """Let the workers of another's scheduler go on; end those of this machine's cluster."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _replies(self, future: Any, group: list[Any]) -> list[_Reply | None]:
        """Return a reply a task, None for one to be sent again; raises what the function raised."""
        distributed = _distributed()
        try:
            replies, worker = future.result()
        except distributed.KilledWorker:
            if len(group) > 1:
                return [None] * len(group)
            return [_Reply(Lost("its worker process died"), 0.0)]
        except (distributed.client.FutureCancelledError, OSError) as error:
            raise RequestError(
                "Lost the connection to the Dask scheduler. What was finished is kept; "
                "start the scheduler and run the same command to go on."
            ) from error
        if isinstance(replies[-1].result, Lost):
            self._client.restart_workers([worker], timeout=JOIN_SECONDS, raise_for_error=False)
        return [*replies, *[None] * (len(group) - len(replies))]

    def _check_workers(self) -> None:
        """Wait for the first worker; raises RequestError for none, or for one of many threads."""
        try:
            self._client.wait_for_workers(1, timeout=JOIN_SECONDS)
        except TimeoutError:
            raise RequestError(
                f"No Dask worker joined within {JOIN_SECONDS} s. Start some: "
                "`dask worker ADDRESS --nthreads 1`."
            ) from None
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        if any(worker["nthreads"] > 1 for worker in workers):
            raise RequestError("A Dask worker has several threads; start it with --nthreads 1.")
        if self._gpu and not any(worker["resources"].get("GPU") for worker in workers):
            raise RequestError('No Dask worker offers a GPU; start it with --resources "GPU=1".')


def run_group(payload: bytes) -> tuple[list[_Reply], str]:
    """Run a group of tasks on a worker, up to the first that outlasts its timeout.

    payload: pickled (function, [(task, seconds or None), ...]): bytes, so that the scheduler and
    Dask's graphs need not look into it.  Returns the replies and the worker's address.
    """
    prepare_process(1)
    function, tasks = pickle.loads(payload)
    replies = []
    for task, seconds in tasks:
        started = time.perf_counter()
        result = function(task) if seconds is None else _within(seconds, function, task)
        replies.append(_Reply(result, time.perf_counter() - started))
        if isinstance(result, Lost):
            break  # not beside a task that still runs: the parent restarts this worker
    return replies, _distributed().get_worker().address


def _within(seconds: float, function: Callable[[Any], Any], task: Any) -> Any:
    """Return the function's result, or Lost when it takes longer; it then goes on in its thread."""
    results: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(function(task))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    return results[0] if results else TIMED_OUT


def _group_size(costs: Iterable[float]) -> int:
    """Return how many tasks make a group of about GROUP_SECONDS; 1 until some were measured."""
    known = list(costs)
    if not known:
        return 1
    return max(1, min(MOST_TASKS, int(GROUP_SECONDS / max(median(known), 1e-6))))


def _take(queue: Iterator[Task], count: int) -> list[Task]:
    """Return the next `count` tasks, fewer at the end."""
    return [task for _, task in zip(range(count), queue, strict=False)]


def _local_cluster(workers: int, gpu: bool) -> Any:
    """Start a scheduler in this process and worker processes of one thread each."""
    distributed = _distributed()
    import dask

    with dask.config.set(QUIET):
        return distributed.LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address="127.0.0.1:0",  # any port: 8787 may be taken
            resources={"GPU": 1} if gpu else None,
            scheduler_kwargs={"allowed_failures": LOST_WORKERS},
            silence_logs=50,
            preload=[LEAVE_CTRL_C_TO_THE_PARENT],
        )


@cache
def _distributed() -> Any:
    """Import dask's distributed, quiet; raises RequestError when it is not installed."""
    try:
        import distributed
    except ImportError:
        raise RequestError(
            "--executor dask needs the package distributed: pip install 'inpaint-bench[dask]'."
        ) from None
    import logging

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed
