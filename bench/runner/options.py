"""The options of runs, and the checks before any run begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from bench.api import ChecksDevice, HasGroupSize, RequestError
from bench.execute.devices import check_device, in_words
from bench.plan import spec
from bench.plan.spec import Run


@dataclass(frozen=True)
class Options:
    """How to run; no option changes the outputs (except a network's last bits).

    timeout: seconds that an image may take, None = no limit.  threads: torch threads per worker.
    executor: "local" processes or "dask".  scheduler: address of Dask's, None = start one here.
    score_device: where networks of metrics run, None = on `device`.
    """

    out: Path
    device: str = "cpu"
    batch_size: int = 8
    threads: int = 1
    timeout: float | None = None
    keep_raw: bool = False
    executor: str = "local"
    scheduler: str | None = None
    score_device: str | None = None

    @property
    def scores_on(self) -> str:
        """The device of the metrics' networks."""
        return self.score_device or self.device


def check(run: Run, options: Options) -> None:
    """Raise RequestError for a run that cannot work, as far as can be told before it begins."""
    spec.check(run)
    if options.batch_size < 1:
        raise RequestError(f"batch-size={options.batch_size}: give at least 1.")
    if options.timeout is not None and not options.timeout > 0:  # NaN is refused too
        raise RequestError(f"timeout={options.timeout}: give seconds above 0.")
    if options.scheduler is not None and options.executor != "dask":
        raise RequestError(f"--scheduler {options.scheduler} needs --executor dask.")
    check_device(options.device, here=options.scheduler is None)
    check_score_device(options)
    if isinstance(run.method, ChecksDevice) and options.scheduler is None:
        run.method.check_device(options.device)


def check_score_device(options: Options) -> None:
    """Raise RequestError for a device of the metrics that is invalid, or not available."""
    if options.score_device is not None:
        here = options.scheduler is None
        check_device(options.score_device, here=here, option="score-device")


def for_run(run: Run, options: Options) -> Options:
    """Return the options with the group size of a method that has its own."""
    group = run.method.group_size() if isinstance(run.method, HasGroupSize) else None
    return options if group is None else replace(options, batch_size=group)


def device_in_words(options: Options) -> str:
    """Return the device as the manifest names it."""
    if options.scheduler is not None:
        return f"{options.device} (workers of a Dask scheduler)"
    return in_words(options.device)
