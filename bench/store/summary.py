"""summary.json: the scores of a run in short, from which tables are made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias, cast

from bench.plan.spec import Spec
from bench.store.strict_json import indented

# 2: entries of metrics hold their assets; 1 is still read.
SCHEMA_VERSION = 2


@dataclass(frozen=True)
class AreaMean:
    """The n images with a hole fraction in (edges[0], edges[1]], and their mean score."""

    edges: tuple[float, float]
    n: int
    mean: float | None


@dataclass(frozen=True)
class ImageEntry:
    """A metric that scores single images, or the samples of each.

    assets: name -> sha256 of the files that it computes with; None in a summary of version 1.
    mean, std: of the n - n_infinite finite scores; None where there is none (for std, only one).
    interval: 95% bootstrap interval of the mean; None for one source.
    """

    version: str
    assets: Mapping[str, str] | None
    unit: str
    higher_is_better: bool
    mean: float | None
    std: float | None
    n: int
    n_infinite: int
    interval: tuple[float, float] | None
    by_hole_area: tuple[AreaMean, ...]


@dataclass(frozen=True)
class SetEntry:
    """A metric that gives one number per run, of n images.

    assets: as of an ImageEntry.  value: None where it is not finite.
    """

    version: str
    assets: Mapping[str, str] | None
    unit: str
    higher_is_better: bool
    value: float | None
    n: int


MetricEntry: TypeAlias = ImageEntry | SetEntry


@dataclass(frozen=True)
class Summary:
    """A run's records and scores in short.

    n: outputs scored.  outputs_sha256: over (id, sha256) of what was scored.  seconds_per_image:
    the median; evaluations, gradients: the mean; peak_memory: the most bytes; None where nothing is
    recorded.  weights: the names of those that completed images, of a method that notes it.
    scored_on: devices other than the CPU where networks scored; the file has it only if there are.
    """

    schema_version: int
    spec: Spec
    labels: Mapping[str, str] | None
    complete: bool
    n: int
    n_failed: int
    failed: tuple[str, ...]
    outputs_sha256: str
    metrics: Mapping[str, MetricEntry]
    seconds_per_image: float | None
    evaluations: float | None
    gradients: float | None
    peak_memory: int | None
    weights: tuple[str, ...] = ()
    scored_on: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return what the file holds."""
        metrics = {name: asdict(entry) for name, entry in self.metrics.items()}
        whole = {**vars(self), "metrics": metrics}
        if not self.scored_on:
            del whole["scored_on"]
        return whole

    def to_json(self) -> bytes:
        """Return the file."""
        return indented(self.as_dict())

    @classmethod
    def from_json(cls, data: bytes) -> Summary:
        """Return the summary of a file; raises ValueError for a file that is not a summary."""
        try:
            return cls._of(json.loads(data))
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"it is not a summary: {error!r}") from error

    @classmethod
    def _of(cls, loaded: Mapping[str, object]) -> Summary:
        """Return the summary of a JSON object; KeyError, TypeError or AttributeError for others.

        A field that another version leaves out is empty.
        """
        return cls(
            schema_version=cast(int, loaded.get("schema_version", 1)),
            spec=_checked(loaded["spec"]),
            labels=cast("Mapping[str, str] | None", loaded.get("labels")),
            complete=bool(loaded.get("complete")),
            n=int(cast(int, loaded["n"])),
            n_failed=int(cast(int, loaded.get("n_failed") or 0)),
            failed=tuple(cast("list[str]", loaded.get("failed") or ())),
            outputs_sha256=str(loaded.get("outputs_sha256", "")),
            metrics={
                name: _entry(entry)
                for name, entry in cast(
                    "Mapping[str, Mapping[str, object]]", loaded["metrics"]
                ).items()
            },
            seconds_per_image=cast("float | None", loaded.get("seconds_per_image")),
            evaluations=cast("float | None", loaded.get("evaluations")),
            gradients=cast("float | None", loaded.get("gradients")),
            peak_memory=cast("int | None", loaded.get("peak_memory")),
            weights=tuple(cast("list[str]", loaded.get("weights") or ())),
            scored_on=tuple(cast("list[str]", loaded.get("scored_on") or ())),
        )


def read_summary(run: Path) -> Summary:
    """Return the summary of a run directory; raises FileNotFoundError or ValueError."""
    return Summary.from_json((run / "summary.json").read_bytes())


def _checked(spec: object) -> Spec:
    """Return the spec; KeyError or TypeError for one that names no plug-ins."""
    checked = cast(Spec, spec)
    for part in (checked["method"], checked["mask"], checked["dataset"]):
        part["name"]
    return checked


def _entry(loaded: Mapping[str, object]) -> MetricEntry:
    version, unit = str(loaded.get("version", "")), str(loaded.get("unit") or "")
    assets = cast("Mapping[str, str] | None", loaded.get("assets"))
    up, n = bool(loaded["higher_is_better"]), int(cast(int, loaded.get("n") or 0))
    if "value" in loaded:
        return SetEntry(version, assets, unit, up, cast("float | None", loaded["value"]), n)
    interval = cast("list[float | None] | None", loaded.get("interval"))
    areas = cast("list[Mapping[str, object]]", loaded.get("by_hole_area") or [])
    return ImageEntry(
        version,
        assets,
        unit,
        up,
        mean=cast("float | None", loaded.get("mean")),
        std=cast("float | None", loaded.get("std")),
        n=n,
        n_infinite=int(cast(int, loaded.get("n_infinite") or 0)),
        interval=_pair(interval) if interval and None not in interval else None,
        by_hole_area=tuple(
            AreaMean(_pair(area["edges"]), cast(int, area["n"]), cast("float | None", area["mean"]))
            for area in areas
        ),
    )


def _pair(values: object) -> tuple[float, float]:
    low, high = cast("list[float]", values)
    return low, high
