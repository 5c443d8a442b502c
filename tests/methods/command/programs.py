"""The programs beside this file as command lines, and a run of one."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from bench.store.record import Record, read_records
from tests.faults.running import go, make_runs

HERE = Path(__file__).parent
PYTHON = shlex.quote(sys.executable)


def program(name: str) -> str:
    """Return the path of a program beside this file as a word of a command line."""
    return shlex.quote(str(HERE / name))


GOOD = f"{PYTHON} {program('good.py')} --images {{images}} --masks {{masks}} --out {{outputs}}"


def bad(how: str) -> str:
    return f"command:{PYTHON} {program('bad.py')} {how} {{images}} {{masks}} {{outputs}}"


def run(method: str, images: Path, out: Path, **options: object) -> dict[str, Record]:
    go(make_runs(method, "center-box", images), out / "out", metrics=["l1"], **options)
    return records(out)


def records(out: Path) -> dict[str, Record]:
    (folder,) = (p for p in (out / "out").iterdir() if p.name != "reports")
    return {record.id: record for record in read_records(folder)}
