"""Run tasks on many machines: an executor (bench.execute.Executor) on Dask distributed.

Dask schedules, balances, and repeats what a lost worker had.  This module cuts the tasks into
groups that are worth sending and keeps a few groups in flight.  It imports Dask when it is used.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import islice
from operator import length_hint
from statistics import median
from typing import Any

from bench.api import RequestError
from bench.execute import Lost, Result, Task
from bench.execute.dask_worker import TimedResult, run_group

# About how long a group of tasks takes: Dask adds some 10 ms to each group, and a lost worker
# costs a group.
GROUP_SECONDS = 1.5
MOST_TASKS = 64
GROUPS_PER_WORKER = 2
# On how many other workers a group is tried before its tasks count as Lost.
LOST_WORKERS = 1
JOIN_SECONDS = 60
# Dask monitors itself (event loops 50 times per second, stacks 100 times), which takes about 4% of
# a core in each process: too much where the workers and the parent share the cores.
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

    scheduler: an address such as tcp://host:8786; None = start a cluster on this machine.
    workers: the number of its processes.  gpu: each task takes one unit of its worker's resource
    "GPU".
    """

    def __init__(self, *, scheduler: str | None, workers: int, gpu: bool) -> None:
        _distributed()  # says what to install before anything else
        self._gpu = gpu
        self._cluster: Any = None
        if scheduler is None:
            if workers < 1:
                raise RequestError(f"workers={workers}: give at least 1.")
            self._cluster = _local_cluster(workers, gpu)
        self._client = _connect(self._cluster or scheduler)
        try:
            _check_workers(self._client, gpu)
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

        If the workers of a group die, its tasks are sent again one by one.  If a task runs past its
        timeout, its worker is restarted and the rest of its group is sent again.
        """
        resources = {"GPU": 1} if self._gpu else None
        in_flight = _InFlight(self._client, function, tasks, timeout, resources)
        try:
            while in_flight.send_more():
                group, results = in_flight.wait_for_one()
                for task, timed in zip(group, results, strict=True):
                    if timed is not None:
                        yield task, timed.result
        finally:
            in_flight.cancel()

    def close(self) -> None:
        """Disconnect; a cluster that was started on this machine ends."""
        self._client.close()
        if self._cluster is not None:
            self._cluster.close()


class _InFlight:
    """The groups of one map that are in flight, a few for each worker."""

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
        self._again: deque[Any] = deque()  # tasks to be sent once more, each alone
        self._seconds: deque[float] = deque(maxlen=32)  # what the last tasks took
        self._groups: dict[Any, list[Any]] = {}
        self._finished = _distributed().as_completed()

    def send_more(self) -> bool:
        """Send groups until enough are in flight; return whether any is.

        Towards the end of the run they are smaller, so that no worker is left without one.
        """
        enough = GROUPS_PER_WORKER * max(1, len(self._client.nthreads()))
        while len(self._groups) < enough:
            fair = max(1, length_hint(self._queue, MOST_TASKS * enough) // enough)
            size = min(_group_size(self._seconds), fair)
            group = [self._again.popleft()] if self._again else list(islice(self._queue, size))
            if not group:
                break
            self._send(group)
        return bool(self._groups)

    def wait_for_one(self) -> tuple[list[Any], list[TimedResult | None]]:
        """Wait for a group; return its tasks and a result for each, None for one sent again."""
        future = next(self._finished)
        group = self._groups.pop(future)
        results = self._results(future, group)
        self._seconds.extend(timed.seconds for timed in results if timed is not None)
        self._again.extend(
            task for task, timed in zip(group, results, strict=True) if timed is None
        )
        return group, results

    def cancel(self) -> None:
        """Cancel what is in flight."""
        self._client.cancel(list(self._groups))

    def _send(self, group: list[Any]) -> None:
        payload = pickle.dumps((self._function, [(task, self._timeout(task)) for task in group]))
        future = self._client.submit(run_group, payload, pure=False, resources=self._resources)
        self._groups[future] = group
        self._finished.add(future)

    def _results(self, future: Any, group: list[Any]) -> list[TimedResult | None]:
        """Return a result for each task, None for one to send again; raises what it raised."""
        distributed = _distributed()
        try:
            results, worker = future.result()
        except distributed.KilledWorker:
            if len(group) > 1:
                return [None] * len(group)
            return [TimedResult(Lost("its worker process died"), 0.0)]
        except (distributed.client.FutureCancelledError, OSError) as error:
            raise RequestError(
                "Lost the connection to the Dask scheduler. What was finished is kept; "
                "start the scheduler and run the same command to go on."
            ) from error
        if isinstance(results[-1].result, Lost):
            self._client.restart_workers([worker], timeout=JOIN_SECONDS, raise_for_error=False)
        return [*results, *[None] * (len(group) - len(results))]


def _group_size(seconds: Iterable[float]) -> int:
    """Return how many tasks take about GROUP_SECONDS; 1 until some have been timed."""
    timed = list(seconds)
    if not timed:
        return 1
    return max(1, min(MOST_TASKS, int(GROUP_SECONDS / max(median(timed), 1e-6))))


def _connect(to: Any) -> Any:
    """Return a client of a scheduler's address or of a cluster; RequestError if none answers."""
    try:
        # Results come from the workers directly: through the scheduler they would be copied twice.
        return _distributed().Client(to, timeout=JOIN_SECONDS, direct_to_workers=True)
    except (OSError, ValueError) as error:
        raise RequestError(
            f"--scheduler {to}: no Dask scheduler answers there "
            f"({' '.join(str(error).split())[:200]}). Start one with `dask scheduler`."
        ) from None


def _check_workers(client: Any, gpu: bool) -> None:
    """Wait for the first worker; RequestError if none joins, or if they cannot run our tasks."""
    try:
        client.wait_for_workers(1, timeout=JOIN_SECONDS)
    except TimeoutError:
        raise RequestError(
            f"No Dask worker joined within {JOIN_SECONDS} s. Start some: "
            "`dask worker ADDRESS --nthreads 1`."
        ) from None
    workers = client.scheduler_info(n_workers=-1)["workers"].values()
    if any(worker["nthreads"] > 1 for worker in workers):
        raise RequestError("A Dask worker has several threads; start it with --nthreads 1.")
    if gpu and not any(worker["resources"].get("GPU") for worker in workers):
        raise RequestError('No Dask worker offers a GPU; start it with --resources "GPU=1".')


def _local_cluster(workers: int, gpu: bool) -> Any:
    """Start a scheduler in this process, and worker processes of one thread each."""
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
    """Return the package distributed, silenced; RequestError if it is not installed."""
    try:
        import distributed
    except ImportError:
        raise RequestError(
            "--executor dask needs the package distributed: pip install 'inpaint-bench[dask]'."
        ) from None
    import logging

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    return distributed
