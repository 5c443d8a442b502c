"""Runs one program, and takes down all that it started; a process of its own (see program.py).

From stdin comes one line of JSON: argv, directory, environment, scratch.  To stdout goes one: the
exit code, and the last words of stderr and stdout.  When stdin ends before the program does, who
asked is gone: everything is killed and the scratch folder removed.  Standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

TAIL = 4096
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of linux/prctl.h


def main() -> None:
    """Do what stdin asks for."""
    asked = json.loads(sys.stdin.buffer.readline())
    adopt_orphans()
    try:
        program = subprocess.Popen(
            asked["argv"],
            cwd=asked["directory"],
            env=asked["environment"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        answer({"code": None, "stderr": str(error), "stdout": ""})
        return
    tails = watch(program)
    kill_descendants(program)
    if tails is None:
        shutil.rmtree(asked["scratch"], ignore_errors=True)
    else:
        words = {name: tail.decode(errors="replace") for name, tail in tails.items()}
        answer({"code": program.returncode, **words})


def answer(values: dict[str, object]) -> None:
    """Write the line that stdout gets."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def watch(program: subprocess.Popen[bytes]) -> dict[str, bytes] | None:
    """Wait for the program, reading what it says; None when stdin ended first.

    What it says is read as it comes, so that it never waits; the last bytes are kept.
    """
    tails = {"stdout": b"", "stderr": b""}
    with selectors.DefaultSelector() as ready:
        ready.register(0, selectors.EVENT_READ, "stdin")
        for name in tails:
            stream: IO[bytes] = getattr(program, name)
            os.set_blocking(stream.fileno(), False)
            ready.register(stream, selectors.EVENT_READ, name)
        while program.poll() is None:
            for key, _ in ready.select(timeout=0.02):
                said = _read(key.fileobj)
                if said is None:
                    continue
                if not said and key.data == "stdin":
                    return None
                if not said:
                    ready.unregister(key.fileobj)
                tails[key.data] = (tails.get(key.data, b"") + said)[-TAIL:]
    for name in tails:
        while said := _read(getattr(program, name)):
            tails[name] = (tails[name] + said)[-TAIL:]
    return tails


def _read(stream: object) -> bytes | None:
    """Return what can be read now, b"" at the end, None when there is nothing at the moment."""
    number = stream if isinstance(stream, int) else stream.fileno()  # type: ignore[attr-defined]
    try:
        return os.read(number, 1 << 16)
    except BlockingIOError:
        return None


def adopt_orphans() -> None:
    """Become the parent of all processes below whose own parent ends (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def kill_descendants(program: subprocess.Popen[bytes]) -> None:
    """Kill all that the program started and left; on Linux also what went into the background."""
    with suppress(OSError):
        os.killpg(program.pid, signal.SIGKILL)
    with suppress(OSError):
        program.wait(timeout=5)
    while children := own_children():
        for pid in children:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for pid in children:
            with suppress(OSError):
                os.waitpid(pid, 0)


def own_children() -> list[int]:
    """Return the children of this process, where /proc tells them."""
    try:
        return [int(pid) for pid in Path("/proc/thread-self/children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()
