"""Run one program in a separate process and end all processes that it started (see program.py).

Reads one line of JSON from stdin: argv, directory, environment, scratch.  Writes one line to
stdout: the exit code, and the end of stderr and stdout.  When stdin closes before the program ends,
the caller is gone: all processes are killed and the scratch folder is removed.  Standard library
only.
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
    """Run the program that stdin describes."""
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
    """Write the result as a line on stdout."""
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def watch(program: subprocess.Popen[bytes]) -> dict[str, bytes] | None:
    """Wait for the program and read its output; return None when stdin closed first.

    Output is read as it comes, so that the program never blocks; the last bytes are kept.
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
    """Return the bytes that can be read now: b"" at the end, None when there are none yet."""
    number = stream if isinstance(stream, int) else stream.fileno()  # type: ignore[attr-defined]
    try:
        return os.read(number, 1 << 16)
    except BlockingIOError:
        return None


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def kill_descendants(program: subprocess.Popen[bytes]) -> None:
    """Kill all processes that the program started; on Linux also those in the background."""
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
    """Return the children of this process, where /proc lists them."""
    try:
        return [int(pid) for pid in Path("/proc/thread-self/children").read_text().split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()
