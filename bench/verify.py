"""Does this machine reproduce committed results?  Runs a sample of the images again and compares.

A reference is a run's manifest.json, records.jsonl and scores.csv; its PNGs are not needed, since a
record holds the sha256 of the output's decoded pixels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from bench import imaging, plugins, score, spec
from bench.api import RequestError
from bench.spec import Run
from bench.store import RunDirectory
from bench.worker import Done, Job, process

# On another processor a network's outputs differ in their last bits, and a sampler may amplify
# them: its mean scores over the images run again may then differ by this share.
NETWORK_TOLERANCE = 0.05


@dataclass(frozen=True)
class Verdict:
    """What came of one reference: n images run again, `exact` of them equal to the bit.

    off: what differs more than is allowed; empty when the reference is reproduced.
    """

    name: str
    n: int
    exact: int
    off: tuple[str, ...]

    def text(self) -> str:
        """Return the verdict as a line, and a line for everything that differs."""
        word = "NOT reproduced" if self.off else "reproduced"
        first = f"{self.name}: {word}, {self.exact} of {self.n} images equal to the bit"
        return "\n  ".join([first, *self.off])


def references(paths: tuple[Path, ...]) -> list[Path]:
    """Return the reference runs below these folders; raises RequestError when there is none."""
    found = sorted({p.parent for path in paths for p in path.rglob("manifest.json")})
    if not found:
        listed = ", ".join(map(str, paths))
        raise RequestError(f"No reference results in {listed}: no manifest.json below it.")
    return found


def verify(path: Path, *, count: int, on_progress: Callable[[int, int], None]) -> Verdict:
    """Run at least `count` images of a reference again, whole batches, and compare.

    Methods without a network must be equal to the bit, networks within NETWORK_TOLERANCE.
    Raises RequestError when this machine's plug-ins, weights or data are not the reference's.
    """
    manifest = json.loads((path / "manifest.json").read_bytes())
    recorded = RunDirectory(path).records()
    run = rebuild(manifest["spec"])
    size, threads = manifest["plan"]["batch_size"], manifest["plan"]["threads"]
    wanted = [(i, k) for i in run.ids() for k in range(run.samples)]
    starts = range(0, min(len(wanted), count), size)
    new: list[Done] = []
    for start in starts:
        items = tuple(wanted[start : start + size])
        new += process(Job(run, items, "cpu", threads)).done
        on_progress(len(new), len(starts) * size)
    same = [d.record["id"] for d in new if _same_pixels(d.record, recorded[d.record["id"]])]
    differ = [d for d in new if d.record["id"] not in same]
    if run.method.single_threaded:
        off = [f"{d.record['id']} has other pixels" for d in differ]
    else:
        off = _far_scores(path, new) if differ else []
    return Verdict(path.name, len(new), len(same), tuple(off))


def rebuild(wanted: Mapping[str, Any]) -> Run:
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
    for part in ("method", "mask", "dataset"):
        for key, value in wanted[part].items():
            if here[part].get(key) != value:
                raise RequestError(
                    f"{wanted[part]['name']}: the reference has {key} {value!r}, this machine "
                    f"{here[part].get(key)!r}; use the code and data of the reference."
                )
    return run


def _plugin(kind: str, identity: Mapping[str, Any]) -> Any:
    return plugins.resolve(kind, identity["name"], **identity["parameters"])


def _same_pixels(new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    """Return whether two records of an image hold the same result."""
    return new["status"] == old["status"] and new.get("pixels_sha256") == old.get("pixels_sha256")


def _far_scores(path: Path, new: list[Done]) -> list[str]:
    """Return the metrics whose mean over these images differs by more than the tolerance."""
    far = []
    for name, column in score.read_scores(path / "scores.csv").items():
        metric = plugins.metric(name)
        if not callable(metric):
            continue
        was = fmean(column[d.record["id"]] for d in new)
        now = fmean(float(metric(*_tensors(d))[0]) for d in new)
        if abs(now - was) > NETWORK_TOLERANCE * abs(was):
            far.append(f"mean {name} is {now:.4g}, was {was:.4g}")
    return far


def _tensors(item: Done) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return output, target and hole of a new result as a metric takes them."""
    output, target, hole = (
        imaging.decode_png(item.pngs[kind])[None] for kind in ("output", "target", "hole")
    )
    return output.float() / 255, target.float() / 255, hole[:, :1] >= 128
