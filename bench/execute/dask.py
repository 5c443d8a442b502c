"""Runs on many machines: Dask distributed behind the Executor protocol of bench.execute.local.

Dask schedules, balances and tries again what a lost worker had; this file cuts the tasks into
groups worth sending, keeps a few groups in flight, and imports dask only when asked for.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from operator import length_hint
from statistics import median
from typing import Any

from bench.api import RequestError
from bench.execute import Lost, Result, Task
from bench.execute.dask_worker import Reply, run_group

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


class DaskExecutor:
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
        flight = _Flight(self._client, function, tasks, timeout, {"GPU": 1} if self._gpu else None)
        try:
            flight.fill()
            while flight.groups:
                future, group = flight.land()
                for task, reply in zip(group, self._replies(future, group), strict=True):
                    if reply is None:
                        flight.again.append(task)
                        continue
                    flight.costs.append(reply.seconds)
                    yield task, reply.result
                flight.fill()
        finally:
            self._client.cancel(list(flight.groups))

    def close(self) -> None:
        """Let the workers of another's scheduler go on; end those of this machine's cluster."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()

    def _replies(self, future: Any, group: list[Any]) -> list[Reply | None]:
        """Return a reply a task, None for one to be sent again; raises what the function raised."""
        distributed = _distributed()
        try:
            replies, worker = future.result()
        except distributed.KilledWorker:
            if len(group) > 1:
                return [None] * len(group)
            return [Reply(Lost("its worker process died"), 0.0)]
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


class _Flight:
    """The groups of one map that are in flight, a few for each worker.

    again: tasks to be sent once more, each alone.  costs: seconds that the last tasks took.
    """

    def __init__(
        self,
        client: Any,
        function: Callable[[Any], Any],
        tasks: Iterable[Any],
        timeout: Callable[[Any], float | None],
        resources: dict[str, int] | None,
    ) -> None:
        self._client, self._function, self._timeout = client, function, timeout
        self._resources = resources
        self._queue = iter(tasks)
        self._finished = _distributed().as_completed()
        self.groups: dict[Any, list[Any]] = {}
        self.again: deque[Any] = deque()
        self.costs: deque[float] = deque(maxlen=32)

    def fill(self) -> None:
        """Send groups until enough are in flight, smaller ones towards the end of the run."""
        flying = GROUPS_A_WORKER * max(1, len(self._client.nthreads()))
        while len(self.groups) < flying:
            fair = max(1, length_hint(self._queue, MOST_TASKS * flying) // flying)
            size = min(_group_size(self.costs), fair)
            group = [self.again.popleft()] if self.again else _take(self._queue, size)
            if not group:
                return
            self._send(group)

    def land(self) -> tuple[Any, list[Any]]:
        """Wait for a group; return its future and its tasks."""
        future = next(self._finished)
        return future, self.groups.pop(future)

    def _send(self, group: list[Any]) -> None:
        payload = pickle.dumps((self._function, [(task, self._timeout(task)) for task in group]))
        future = self._client.submit(run_group, payload, pure=False, resources=self._resources)
        self.groups[future] = group
        self._finished.add(future)


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
