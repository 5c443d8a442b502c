"""Compare two commits: a script runs in a process of each, and answers requests on stdin.

The part of the script that answers must not import this module, which earlier commits lack.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def start(script: str, root: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a script with the packages of a checkout, on one thread unless it sets more."""
    code = (
        "import sys, runpy; sys.path.insert(0, sys.argv[1]); sys.argv = sys.argv[2:];"
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, str(root), script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(root)},
    )


def ask(process: subprocess.Popen[str], question: object) -> float:
    """Send a line to a side and return the number that it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{question}\n")
    process.stdin.flush()
    return float(process.stdout.readline())
