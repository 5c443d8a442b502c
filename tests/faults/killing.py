"""A run in a forked process that is killed by SIGKILL at a chosen point, and its points counted.

A point is the moment before the process opens, renames or makes a file below a folder "runs"
(Python's audit events): between any two of them lies at most one write.  Forking keeps the
imports, so fifty kills are cheap; a child shares nothing with its parent but the file system.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable

import torch

EVENTS = {"open", "os.rename", "os.mkdir", "os.remove"}


def _is_point(event: str, arguments: tuple[object, ...]) -> bool:
    """Say whether an event touches a file of the run; reading packages' metadata does not count."""
    return event in EVENTS and "/runs/" in str(arguments[0])


def fork(body: Callable[[], object]) -> int:
    """Run `body` in a forked process and return its process id."""
    torch.set_num_threads(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads that wait are no danger here
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        body()
        code = 0
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def finish(child: int) -> int:
    """Wait for a forked process; return its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def count_points(body: Callable[[], object]) -> int:
    """Return how many points a run of `body` in a forked process passes."""
    read, write = os.pipe()

    def counting() -> None:
        passed = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal passed
            passed += _is_point(event, arguments)

        sys.addaudithook(hook)
        body()
        os.write(write, str(passed).encode())

    child = fork(counting)
    os.close(write)
    with os.fdopen(read) as answer:
        text = answer.read()
    assert finish(child) == 0
    return int(text)


def kill_at(point: int, body: Callable[[], object]) -> int:
    """Run `body` in a forked process that kills itself at a point; return how it ended."""

    def dying() -> None:
        passed = 0

        def hook(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal passed
            passed += _is_point(event, arguments)
            if passed == point and event != "os.kill":
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        body()

    return finish(fork(dying))


def kill_after(seconds: float, body: Callable[[], object]) -> int:
    """Run `body` in a forked process and kill it from outside; return how it ended."""
    child = fork(body)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return finish(child)
