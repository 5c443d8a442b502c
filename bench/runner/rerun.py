"""Write beside a run that `bench verify` reproduced it: the state re-run, and the evidence."""

from __future__ import annotations

import datetime
import platform
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import torch

from bench.runner.verify import NETWORK_TOLERANCE, Verdict
from bench.store.manifest import code_version
from bench.store.state import State, read_state, write_state


def record_rerun(run: Path, verdict: Verdict) -> State | None:
    """Write that a run was reproduced on this machine, and return its state.

    A verdict that is not good writes nothing and returns None: the state stays as it was.  The
    reason of a run that is flagged as unreliable is kept.
    """
    if not verdict.good:
        return None
    before = read_state(run) or State("re-run")
    state = replace(before, state="re-run", told=evidence(verdict))
    write_state(run, state)
    return state


def evidence(verdict: Verdict) -> str:
    """Return date, version, machine, and how many of the images that were run again are equal."""
    commit = code_version()["commit"]
    code = f"inpaint-bench {version('inpaint-bench')}" + (f" ({str(commit)[:8]})" if commit else "")
    machine = f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
    equal = f"{verdict.exact} of {verdict.n} images run again equal to the bit"
    if verdict.exact < verdict.n:
        equal += f", mean scores within {NETWORK_TOLERANCE:.0%}"
    return f"{datetime.datetime.now(datetime.UTC).date()}, {code}, {machine}: {equal}"
