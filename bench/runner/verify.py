"""Does this machine reproduce committed results?  Runs a sample of them again and compares."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch

from bench import plugins
from bench.api import DataNotFoundError, ImageMetric, RequestError, imaging, is_exact
from bench.complete.batch import Batch, ImageResult
from bench.complete.worker import process
from bench.plan.spec import Run
from bench.runner.reference import Override, Reference, read_reference, rebuild
from bench.store.manifest import BatchPlan
from bench.store.record import Record

# On another processor a network's outputs differ in their last bits, which a sampler may amplify:
# its mean scores over the images that are run again may differ by this share.
NETWORK_TOLERANCE = 0.05
# Scores of equal pixels may differ by this share: LPIPS is a network as well.
SCORE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class Verdict:
    """The result for one reference: n images were run again, `exact` of them are equal to the bit.

    off: the differences above the tolerance; empty when the reference is reproduced.  network: the
    method's name if it is a network, whose images need not be equal to the bit; else "".
    unchecked: why it could not be run again here; "" when it was.  absent: that was for want of the
    dataset's images, which is no fault of the reference nor of this machine.
    """

    name: str
    n: int
    exact: int
    off: tuple[str, ...]
    network: str = ""
    unchecked: str = ""
    absent: bool = False

    @property
    def good(self) -> bool:
        """Whether the reference was run again and reproduced."""
        return not (self.off or self.unchecked)

    def text(self) -> str:
        """Return the verdict as a line, and a line for everything that differs."""
        if self.unchecked:
            return f"{self.name}: cannot be checked: {self.unchecked}"
        word = "NOT reproduced" if self.off else "reproduced"
        first = f"{self.name}: {word}, {self.exact} of {self.n} images equal to the bit"
        return "\n  ".join([first, *self.off])


def verify(
    path: Path,
    *,
    count: int,
    on_progress: Callable[[int, int], None],
    overrides: Sequence[Override] = (),
) -> Verdict:
    """Run `count` images of a reference again, in the batches of its plan, and compare.

    Methods without a network must be equal to the bit, networks within NETWORK_TOLERANCE.  A
    damaged reference is not reproduced; one made by other code, weights or data than this machine's
    cannot be checked.

    overrides: plug-ins that replace those of the same names, for paths that a reference does not
    hold.
    """
    try:
        reference = read_reference(path)
    except (RequestError, OSError, ValueError) as error:
        return Verdict(path.name, 0, 0, (" ".join(str(error).split()),))
    try:
        run = rebuild(reference.manifest.spec, overrides)
        new = _run_again(run, reference.manifest.plan, count, on_progress)
    except (RequestError, OSError, ValueError) as error:
        why, absent = " ".join(str(error).split()), isinstance(error, DataNotFoundError)
        return Verdict(path.name, 0, 0, (), unchecked=why, absent=absent)
    if lacking := [item.record.id for item in new if reference.lacks(item.record.id)]:
        off = tuple(f"{output_id} has no record or score" for output_id in lacking)
        return Verdict(path.name, len(new), 0, off)
    network = "" if is_exact(run.method) else run.method.name
    exact, off = _compare(new, reference, may_differ=bool(network))
    return Verdict(path.name, len(new), exact, off, network)


def _compare(
    new: Sequence[ImageResult], reference: Reference, *, may_differ: bool
) -> tuple[int, tuple[str, ...]]:
    """Return how many results are equal to the bit, and the differences above the tolerance."""
    same: list[ImageResult] = []
    differ: list[ImageResult] = []
    for item in new:
        equal = _same_pixels(item.record, reference.records[item.record.id])
        (same if equal else differ).append(item)
    bad = [item for item in differ if not (may_differ and item.record.done)]
    off = [f"{item.record.id} has other pixels" for item in bad]
    off += _other_scores(same, reference.scores)
    if differ and not bad:
        off += _far_scores(new, reference.scores)
    return len(same), tuple(off)


def passed(verdicts: Sequence[Verdict], *, all_must: bool) -> bool:
    """Return whether all were reproduced, but for absent images if not `all_must`; one must be."""
    needed = [verdict for verdict in verdicts if all_must or not verdict.absent]
    return bool(needed) and all(verdict.good for verdict in needed)


def in_sum(verdicts: Sequence[Verdict]) -> str:
    """Return the last line: how much is reproduced, and what need not be equal to the bit."""
    good = sum(verdict.good for verdict in verdicts)
    unchecked = sum(bool(verdict.unchecked) for verdict in verdicts)
    cannot = f", {unchecked} cannot be checked" if unchecked else ""
    n, exact = sum(v.n for v in verdicts), sum(v.exact for v in verdicts)
    line = (
        f"{good} of {len(verdicts)} references reproduced{cannot}; {exact} of {n} images equal to "
        "the bit"
    )
    networks = [verdict for verdict in verdicts if verdict.network]
    return f"{line}: {_apart(networks, n, exact)}" if networks else line


def _apart(networks: Sequence[Verdict], n: int, exact: int) -> str:
    """Say how many of the `exact` of `n` equal images are of networks, which need not be equal."""
    theirs, equal = sum(v.n for v in networks), sum(v.exact for v in networks)
    names = ", ".join(sorted({verdict.network for verdict in networks}))
    return (
        f"{exact - equal} of {n - theirs} where they must be, {equal} of {theirs} of "
        f"networks ({names}), which another processor reproduces within tolerance only"
    )


def _run_again(
    run: Run, plan: BatchPlan, count: int, on_progress: Callable[[int, int], None]
) -> list[ImageResult]:
    """Return the first `count` images, completed again in the batches and threads of the plan.

    The last batch is cut: a network's last bits depend on that, and need not be equal.
    """
    size = plan.batch_size
    items = [(i, k) for i in run.ids() for k in range(run.samples)][:count]
    new: list[ImageResult] = []
    for start in range(0, len(items), size):
        chosen = tuple(items[start : start + size])
        new += process(Batch(run, chosen, "cpu", plan.threads)).done
        on_progress(len(new), len(items))
    return new


def _same_pixels(new: Record, old: Record) -> bool:
    """Return whether a new record has the result of a reference, whose hash may be cut."""
    same = (new.pixels_sha256 or "").startswith(old.pixels_sha256 or "")
    return new.status == old.status and same


def _other_scores(
    same: Sequence[ImageResult], scores: Mapping[str, Mapping[str, float]]
) -> list[str]:
    """Return which scores differ although the pixels are equal."""
    others = []
    for name, metric in _metrics(scores):
        for item in same:
            was, now = scores[name][item.record.id], float(metric(*_tensors(item))[0])
            if not math.isclose(now, was, rel_tol=SCORE_TOLERANCE, abs_tol=1e-6):
                others.append(f"{item.record.id}: {name} is {now:.6g}, was {was:.6g}")
    return others


def _far_scores(new: Sequence[ImageResult], scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the metrics whose mean over these images differs by more than the tolerance."""
    far = []
    for name, metric in _metrics(scores):
        was = fmean(scores[name][d.record.id] for d in new)
        now = fmean(float(metric(*_tensors(d))[0]) for d in new)
        if abs(now - was) > NETWORK_TOLERANCE * abs(was):
            far.append(f"mean {name} is {now:.4g}, was {was:.4g}")
    return far


def _metrics(scores: Mapping[str, Mapping[str, float]]) -> list[tuple[str, ImageMetric]]:
    """Return those of the scores' metrics that rate single images."""
    metrics = ((name, plugins.metric(name)) for name in scores)
    return [(name, metric) for name, metric in metrics if isinstance(metric, ImageMetric)]


def _tensors(item: ImageResult) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return output, target and hole of a new result as a metric takes them."""
    output, target = (imaging.decode_png(item.pngs[kind])[None] for kind in ("output", "target"))
    hole = imaging.as_hole(imaging.decode_hole(item.pngs["hole"]))[None]
    return output.float() / 255, target.float() / 255, hole
