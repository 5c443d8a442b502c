"""Checks of the samplers' parameters; each raises RequestError in one line."""

from __future__ import annotations

from bench.api import RequestError

MOST_STEPS = 1000


def check_steps(steps: int) -> None:
    """Raise RequestError unless the schedule has that many levels."""
    if not 1 <= steps <= MOST_STEPS:
        raise RequestError(f"steps={steps}; allowed: 1 to {MOST_STEPS}")


def check_jumps(jump_length: int, jump_samples: int) -> None:
    """Raise RequestError unless jump length and number of walks are at least 1."""
    if jump_length < 1 or jump_samples < 1:
        raise RequestError(
            f"jump_length={jump_length}, jump_samples={jump_samples}; allowed: 1 or more"
        )


def check_within(name: str, value: float, low: float, high: float) -> None:
    """Raise RequestError unless low <= value <= high."""
    if not low <= value <= high:  # NaN is refused too
        raise RequestError(f"{name}={value}; allowed: {low:g} to {high:g}")


def check_positive(name: str, value: float) -> None:
    """Raise RequestError unless a value is finite and above 0."""
    if not 0 < value < float("inf"):
        raise RequestError(f"{name}={value}; allowed: above 0")


def check_least(name: str, value: int, least: int) -> None:
    """Raise RequestError for a value below the least."""
    if value < least:
        raise RequestError(f"{name}={value}; allowed: {least} or more")


def check_one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Raise RequestError for a value that is not among those allowed."""
    if value not in allowed:
        raise RequestError(f"{name}={value!r}; allowed: {', '.join(allowed)}")
