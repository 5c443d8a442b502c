"""One task at a time in a worker process: its result, its end, and that it can be cancelled."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait

import pytest

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
