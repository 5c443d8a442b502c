"""What a paper's table was made of, as data: protocols/<name>.toml and published/published.csv."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from bench.api import RequestError
from bench.plugins import did_you_mean


@dataclass(frozen=True)
class Counterpart:
    """Our method that repeats a published one; weights: the paper's checkpoint, "" for none."""

    method: str
    weights: str = ""


@dataclass(frozen=True)
class Protocol:
    """One paper table: what to run, and which published lines it is held against.

    masks, published_metrics: published name -> ours.  counterparts: published method -> ours.
    """

    name: str
    title: str
    dataset: str
    size: int
    n: int
    metrics: tuple[str, ...]
    paper: str
    published_dataset: str
    notes: tuple[str, ...]
    masks: Mapping[str, str]
    counterparts: Mapping[str, Counterpart]
    published_metrics: Mapping[str, str]


@dataclass(frozen=True)
class Published:
    """A number from a paper, as printed there, under our names of mask and metric."""

    mask: str
    method: str
    metric: str
    text: str
    provenance: str


def protocol_names() -> list[str]:
    """Return the names of the shipped protocols."""
    folder = files("bench.report.protocols")
    return sorted(f.name[: -len(".toml")] for f in folder.iterdir() if f.name.endswith(".toml"))


def load_protocol(name: str) -> Protocol:
    """Return a protocol; raises RequestError for an unknown name."""
    known = protocol_names()
    if name not in known:
        hint = did_you_mean(name, known)
        raise RequestError(f"Unknown table {name!r}.{hint} Known: {', '.join(known)}.")
    path = files("bench.report.protocols").joinpath(f"{name}.toml")
    loaded = tomllib.loads(path.read_text("utf-8"))
    counterparts = {k: Counterpart(**v) for k, v in loaded.pop("counterparts").items()}
    for key in ("metrics", "notes"):
        loaded[key] = tuple(loaded[key])
    return Protocol(name=name, counterparts=counterparts, **loaded)


def published(protocol: Protocol) -> list[Published]:
    """Return the published numbers of a protocol, in the order of the file."""
    text = files("bench.report.published").joinpath("published.csv").read_text("utf-8")
    found = []
    for line in csv.DictReader(text.splitlines()):
        metric = protocol.published_metrics.get(line["metric"])
        mask = protocol.masks.get(line["mask"])
        same = (line["paper"], line["dataset"]) == (protocol.paper, protocol.published_dataset)
        if same and metric and mask:
            text = line["value"]
            text = f"0{text}" if text.startswith(".") else text
            found.append(Published(mask, line["method"], metric, text, line["provenance"]))
    return found
