"""The training loop that ddpm and glcic share: exact resume, logs, checkpoints, sample grids.

A method's train.py writes a `Trainee`: what one step does, what its state is, what a grid shows.
`fit` does the rest:

    with joined(device) as process:                      # methods.common.distributed
        fit(MyTrainee(config, source, process), Plan(steps=50_000), out, process)

Randomness is addressed by the step: whatever step k draws must come from `derive_seed(..., k)`.  A
run killed at any moment and started again with the same `out` then ends with the same bytes as one
left alone (same machine, threads and number of processes).  `out` receives checkpoint.pt (the last
whole state), log.csv and samples/<step>.png.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import torch

from bench.api import Json, RequestError
from bench.api.memory import keep_freed_memory
from methods.common.checkpoints import load_checkpoint, save_checkpoint
from methods.common.training_log import Journal, Report, save_grid, to_stderr

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from methods.common.distributed import Process


class Stateful(Protocol):
    """Anything with torch's state_dict protocol: networks, averages, optimisers."""

    def state_dict(self) -> Any:
        """Return the state."""
        ...

    def load_state_dict(self, state: Any, /) -> Any:
        """Restore the state."""
        ...


class Trainee(Protocol):
    """What is trained: a method's networks, losses and optimisers."""

    def identity(self) -> Mapping[str, Json]:
        """Return the configuration that a resumed run must share."""
        ...

    def parts(self) -> Mapping[str, Stateful]:
        """Return, by name, all that a checkpoint must hold (unwrapped networks)."""
        ...

    def step(self, step: int) -> Mapping[str, torch.Tensor]:
        """Do training step `step` (0-based) and return its losses (0-d tensors, same keys)."""
        ...

    def samples(self, step: int) -> torch.Tensor | None:
        """Return (N, 3, H, W) in [0, 1] for a grid in rows of 8 after `step` steps, or None."""
        ...


@dataclass(frozen=True)
class Plan:
    """How long to train and how often to report.

    steps: in all, over every resumption.  minutes: stop (with a checkpoint) after so long.
    checkpoint_seconds: between checkpoints; 0 writes one every step.  sample_every: 0 for none.
    """

    steps: int
    minutes: float | None = None
    log_every: int = 100
    sample_every: int = 2000
    checkpoint_seconds: float = 120.0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.log_every < 1 or self.sample_every < 0:
            raise RequestError(
                f"steps={self.steps}, log_every={self.log_every}, sample_every={self.sample_every};"
                " allowed: steps and log_every >= 1, sample_every >= 0"
            )


def fit(
    trainee: Trainee, plan: Plan, out: Path, process: Process, *, report: Report = to_stderr
) -> int:
    """Train from the last checkpoint in `out`, or from the start; return the steps done.

    Raises RequestError when `out` holds a run of another configuration, FloatingPointError when a
    loss is not finite (the last checkpoint is kept).
    """
    keep_freed_memory()  # every step frees and takes the same maps
    out.mkdir(parents=True, exist_ok=True)
    checkpoint = out / "checkpoint.pt"
    journal = _journal(plan, out, report) if process.rank == 0 else None
    done = _restore(trainee, journal, checkpoint, plan) if checkpoint.is_file() else 0
    began = saved = time.monotonic()
    stop = done >= plan.steps
    while not stop:
        losses = trainee.step(done)
        done += 1
        if journal is not None:
            journal.add(done, losses)
        stop = done == plan.steps or _over(began, plan, process)
        if journal is not None and (stop or time.monotonic() - saved >= plan.checkpoint_seconds):
            save_checkpoint(checkpoint, _state(trainee, journal, done))
            saved = time.monotonic()
        if _samples_due(plan, done, process):
            _show(trainee, out, done)
    return done


def _journal(plan: Plan, out: Path, report: Report) -> Journal:
    return Journal(out / "log.csv", plan.log_every, plan.steps, report)


def _over(began: float, plan: Plan, process: Process) -> bool:
    """Return whether the minutes are spent; several processes go by the first one's clock."""
    if plan.minutes is None:
        return False
    over = torch.tensor([time.monotonic() - began >= plan.minutes * 60], device=process.device)
    if process.count > 1:
        torch.distributed.broadcast(over, src=0)
    return bool(over)


def _state(trainee: Trainee, journal: Journal, done: int) -> dict[str, Any]:
    """Return everything that the next step depends on."""
    parts = {name: part.state_dict() for name, part in trainee.parts().items()}
    identity = dict(trainee.identity())
    return {"step": done, "identity": identity, "parts": parts, "journal": journal.state_dict()}


def _restore(trainee: Trainee, journal: Journal | None, path: Path, plan: Plan) -> int:
    """Put a checkpoint's state into the trainee; return the steps that it had done."""
    state = load_checkpoint(path)
    ours, saved = dict(trainee.identity()), state["identity"]
    different = sorted(k for k in ours.keys() | saved.keys() if ours.get(k) != saved.get(k))
    if different:
        told = ", ".join(f"{k}={saved.get(k)!r} (now {ours.get(k)!r})" for k in different)
        raise RequestError(
            f"{path} was trained with {told}; give the same configuration or another folder"
        )
    for name, part in trainee.parts().items():
        part.load_state_dict(state["parts"][name])
    if journal is not None:
        journal.load_state_dict(state["journal"], state["step"])
    return int(state["step"])


def _samples_due(plan: Plan, done: int, process: Process) -> bool:
    """Return whether this process is to draw samples after `done` steps: the first one alone."""
    return process.rank == 0 and plan.sample_every > 0 and done % plan.sample_every == 0


def _show(trainee: Trainee, out: Path, done: int) -> None:
    """Save the grid of samples after `done` steps."""
    images = trainee.samples(done)
    if images is not None:
        save_grid(out / "samples" / f"{done:08d}.png", images, columns=8)
