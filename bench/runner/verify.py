"""Does this machine reproduce committed results?  Runs a sample of the images again and compares.

A reference is a run's manifest.json, records.jsonl and scores.csv; its PNGs are not needed, since a
record holds the sha256 of the output's decoded pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from bench import plugins
from bench.api import ImageMetric, RequestError, imaging, is_exact
from bench.complete.batch import Batch, ImageResult
from bench.complete.worker import process
from bench.plan import spec
from bench.plan.spec import Identity, Run, Spec
from bench.store.manifest import BatchPlan, Manifest
from bench.store.record import Record
from bench.store.scores import read_scores

# On another processor a network's outputs differ in their last bits, and a sampler may amplify
# them: its mean scores over the images run again may then differ by this share.
NETWORK_TOLERANCE = 0.05
# Scores of equal pixels may differ by this share: LPIPS is a network as well.
SCORE_TOLERANCE = 1e-4
REFERENCES = Path("results/leaderboards")


@dataclass(frozen=True)
class Verdict:
    """What came of one reference: n images run again, `exact` of them equal to the bit.

    off: what differs more than is allowed; empty when the reference is reproduced.  network: the
    name of its method when that is one, whose images need not be equal to the bit; else "".
    """

    name: str
    n: int
    exact: int
    off: tuple[str, ...]
    network: str = ""

    def text(self) -> str:
        """Return the verdict as a line, and a line for everything that differs."""
        word = "NOT reproduced" if self.off else "reproduced"
        first = f"{self.name}: {word}, {self.exact} of {self.n} images equal to the bit"
        return "\n  ".join([first, *self.off])


def references(paths: Sequence[Path] = ()) -> list[Path]:
    """Return the reference runs below these folders (default: the committed ones).

    Raises RequestError when there is none.
    """
    folders = list(paths) or [committed()]
    found = sorted({p.parent for folder in folders for p in folder.rglob("manifest.json")})
    if not found:
        listed = ", ".join(map(str, folders))
        raise RequestError(
            f"No reference results in {listed}: no manifest.json below it. Those of the project "
            f"are in {REFERENCES} of its repository: give that folder, or any folder of runs."
        )
    return found


def committed() -> Path:
    """Return the committed references: of the working directory, else of the checkout we are in."""
    beside = Path(__file__).resolve().parents[2] / REFERENCES
    return beside if beside.is_dir() and not REFERENCES.is_dir() else REFERENCES


def verify(path: Path, *, count: int, on_progress: Callable[[int, int], None]) -> Verdict:
    """Run at least `count` images of a reference again, whole batches, and compare.

    Methods without a network must be equal to the bit, networks within NETWORK_TOLERANCE.  A
    reference that is damaged, or of other plug-ins, weights or data than this machine's, is not
    reproduced.
    """
    try:
        manifest = _manifest(path)
        recorded = _recorded(path, manifest.plan.n * manifest.spec["samples"])
        scores = read_scores(path / "scores.csv")
        run = rebuild(manifest.spec)
        new = _run_again(run, manifest.plan, count, on_progress)
    except (RequestError, OSError, ValueError) as error:
        return Verdict(path.name, 0, 0, (" ".join(str(error).split()),))
    ids = [d.record.id for d in new]
    if lacking := [i for i in ids if i not in recorded or any(i not in c for c in scores.values())]:
        return Verdict(
            path.name, len(new), 0, tuple(f"{i} has no record or score" for i in lacking)
        )
    same = [d for d in new if _same_pixels(d.record, recorded[d.record.id])]
    differ = [d for d in new if d not in same]
    bad = [d for d in differ if is_exact(run.method) or not d.record.done]
    off = [f"{d.record.id} has other pixels" for d in bad]
    off += _other_scores(same, scores)
    if differ and not bad:
        off += _far_scores(new, scores)
    network = "" if is_exact(run.method) else run.method.name
    return Verdict(path.name, len(new), len(same), tuple(off), network)


def in_sum(verdicts: Sequence[Verdict]) -> str:
    """Return the last line: what is reproduced, and what need not be equal to the bit."""
    good = sum(not verdict.off for verdict in verdicts)
    n, exact = sum(v.n for v in verdicts), sum(v.exact for v in verdicts)
    line = (
        f"{good} of {len(verdicts)} references reproduced; {exact} of {n} images equal to the bit"
    )
    networks = [verdict for verdict in verdicts if verdict.network]
    if not networks:
        return line
    theirs, equal = sum(v.n for v in networks), sum(v.exact for v in networks)
    names = ", ".join(sorted({verdict.network for verdict in networks}))
    return (
        f"{line}: {exact - equal} of {n - theirs} where they must be, {equal} of {theirs} of "
        f"networks ({names}), which another processor reproduces within tolerance only"
    )


def _manifest(path: Path) -> Manifest:
    """Return the manifest; raises RequestError when its spec is not the one it was written with."""
    try:
        manifest = Manifest.from_json((path / "manifest.json").read_bytes())
    except ValueError as error:
        raise RequestError(f"manifest.json is damaged ({error})") from error
    if spec.spec_hash(manifest.spec) != manifest.spec_sha256:
        raise RequestError("manifest.json is damaged: its spec is not the one that was run")
    return manifest


def _recorded(path: Path, number: int) -> dict[str, Record]:
    """Return id -> record; raises RequestError for a line that is no record, or too few of them."""
    found = {}
    lines = (path / "records.jsonl").read_bytes().splitlines()
    for place, line in enumerate(lines, start=1):
        try:
            record = Record.from_json(line)
            if record.done and len(bytes.fromhex(record.pixels_sha256 or "")) != 32:
                raise ValueError("pixels_sha256 is no sha256")
        except ValueError as error:
            raise RequestError(f"records.jsonl, line {place} is damaged ({error})") from error
        found[record.id] = record
    if len(found) != number:
        raise RequestError(f"records.jsonl is damaged: {len(found)} of {number} records")
    return found


def _run_again(
    run: Run, plan: BatchPlan, count: int, on_progress: Callable[[int, int], None]
) -> list[ImageResult]:
    """Return the first `count` images, completed again in the batches and threads of the plan."""
    size = plan.batch_size
    wanted = [(i, k) for i in run.ids() for k in range(run.samples)]
    starts = range(0, min(len(wanted), count), size)
    new: list[ImageResult] = []
    for start in starts:
        items = tuple(wanted[start : start + size])
        new += process(Batch(run, items, "cpu", plan.threads)).done
        on_progress(len(new), min(len(wanted), len(starts) * size))
    return new


def rebuild(wanted: Spec) -> Run:
    """Return the run that a spec describes; RequestError when this machine's would be another."""
    run = Run(
        _plugin("method", wanted["method"]),
        _plugin("mask", wanted["mask"]),
        _plugin("dataset", wanted["dataset"]),
        limit=wanted["limit"],
        seed=wanted["seed"],
        mask_seed=wanted["mask_seed"],
        samples=wanted["samples"],
        precision=wanted["precision"],
    )
    here = spec.describe(run, run.ids())
    for part, ours in (
        (wanted["method"], here["method"]),
        (wanted["mask"], here["mask"]),
        (wanted["dataset"], here["dataset"]),
    ):
        for key, value in part.items():
            if ours.get(key) != value:
                raise RequestError(
                    f"{part['name']}: the reference has {key} {value!r}, this machine "
                    f"{ours.get(key)!r}; use the code and data of the reference."
                )
    return run


def _plugin(kind: str, identity: Identity) -> Any:
    return plugins.resolve(kind, identity["name"], **identity["parameters"])


def _same_pixels(new: Record, old: Record) -> bool:
    """Return whether two records of an image hold the same result."""
    return new.status == old.status and new.pixels_sha256 == old.pixels_sha256


def _other_scores(same: list[ImageResult], scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return what scores.csv says otherwise of images whose pixels are equal."""
    found = []
    for name, metric in _metrics(scores):
        for item in same:
            was, now = scores[name][item.record.id], float(metric(*_tensors(item))[0])
            if not math.isclose(now, was, rel_tol=SCORE_TOLERANCE, abs_tol=1e-6):
                found.append(f"{item.record.id}: {name} is {now:.6g}, was {was:.6g}")
    return found


def _far_scores(new: list[ImageResult], scores: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Return the metrics whose mean over these images differs by more than the tolerance."""
    far = []
    for name, metric in _metrics(scores):
        was = fmean(scores[name][d.record.id] for d in new)
        now = fmean(float(metric(*_tensors(d))[0]) for d in new)
        if abs(now - was) > NETWORK_TOLERANCE * abs(was):
            far.append(f"mean {name} is {now:.4g}, was {was:.4g}")
    return far


def _metrics(scores: Mapping[str, Any]) -> list[tuple[str, ImageMetric]]:
    """Return the metrics of single images that these scores are of."""
    metrics = ((name, plugins.metric(name)) for name in scores)
    return [(name, metric) for name, metric in metrics if isinstance(metric, ImageMetric)]


def _tensors(item: ImageResult) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return output, target and hole of a new result as a metric takes them."""
    output, target, hole = (
        imaging.decode_png(item.pngs[kind])[None] for kind in ("output", "target", "hole")
    )
    return output.float() / 255, target.float() / 255, hole[:, :1] >= 128
