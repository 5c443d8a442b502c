"""One task at a time in a worker process: its result, its end, and that it can be cancelled."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait

import pytest

from bench.api import RequestError
from bench.execute import TIMED_OUT, Lost
from bench.execute.local import LocalProcesses, outcome


@pytest.fixture(scope="module")
def worker() -> Iterator[LocalProcesses]:
    with LocalProcesses(1, 1) as processes:
        yield processes


def process_id(_: object) -> int:
    return os.getpid()


def test_a_task_returns_and_the_worker_stays(worker: LocalProcesses) -> None:
    first = outcome(worker.submit(process_id, None, timeout=None))
    assert first == outcome(worker.submit(process_id, None, timeout=60))
    assert first != os.getpid()


def test_a_cancelled_task_ends_its_worker_and_another_takes_its_place(
    worker: LocalProcesses,
) -> None:
    before = outcome(worker.submit(process_id, None, timeout=None))
    sleeping = worker.submit(time.sleep, 600, timeout=None)
    while not sleeping.running():
        time.sleep(0.01)
    assert sleeping.cancel()
    wait([sleeping])
    with pytest.raises(CancelledError):
        outcome(sleeping)
    assert before != outcome(worker.submit(process_id, None, timeout=None))


def test_what_hangs_or_dies_is_lost(worker: LocalProcesses) -> None:
    assert outcome(worker.submit(time.sleep, 600, timeout=0.1)) == TIMED_OUT
    died = outcome(worker.submit(os._exit, 3, timeout=None))
    assert died == Lost("its worker process died (exit code 3)")


def test_what_a_task_raises_is_raised(worker: LocalProcesses) -> None:
    with pytest.raises(TypeError):
        outcome(worker.submit(time.sleep, "long", timeout=None))


def kill(processes: LocalProcesses, worker: int) -> None:
    """Kill a worker and wait until its pool is given up."""
    os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while processes._pool.active:
        assert time.monotonic() < deadline, "the pool did not break"
        time.sleep(0.01)


def test_an_idle_worker_that_is_killed_is_replaced() -> None:
    """Pebble's pool breaks: "All workers expired"."""
    with LocalProcesses(1, 1) as processes:
        before = outcome(processes.submit(process_id, None, timeout=None))
        assert isinstance(before, int)
        kill(processes, before)
        assert outcome(processes.submit(process_id, None, timeout=None)) != before


def test_tasks_of_a_pool_that_broke_are_sent_again() -> None:
    with LocalProcesses(2, 1) as processes:
        results = processes.map(process_id, range(12), timeout=lambda _: None)
        done, first = next(results)
        assert isinstance(first, int)
        time.sleep(0.5)  # all that was sent is done, and waits to be fetched
        kill(processes, first)
        rest = list(results)
    assert sorted([done, *(task for task, _ in rest)]) == list(range(12))
    assert sum(isinstance(result, Lost) for _, result in rest) <= 1


def test_workers_that_cannot_start_end_the_work() -> None:
    worker = LocalProcesses(1, 1, preload=["there_is_no_such_module"])
    with worker as processes, pytest.raises(RequestError, match="No worker process starts"):
        list(processes.map(process_id, range(3), timeout=lambda _: None))
