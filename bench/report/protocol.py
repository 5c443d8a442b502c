"""The settings and numbers of paper tables: protocols/<name>.toml and published/published.csv."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files

from bench.api import RequestError
from bench.plan import request
from bench.plan.request import Request
from bench.plugins import did_you_mean


@dataclass(frozen=True)
class Counterpart:
    """Our method that reproduces a published one.

    weights: its parameter `weights`; a run with other weights, or by another sampler, is another
    method.  checkpoint: the authors' name of the file.  parameters: the paper's settings.
    """

    method: str
    weights: str
    checkpoint: str
    parameters: Mapping[str, int]

    @property
    def spec(self) -> str:
        """The method as the command line takes it, without the path to the checkpoint."""
        parameters = {"weights": self.weights, **self.parameters}
        return f"{self.method}:{','.join(f'{key}={value}' for key, value in parameters.items())}"


@dataclass(frozen=True)
class Protocol:
    """One paper table: what to run, and which published numbers to compare with.

    masks, published_metrics: published name -> ours.  counterparts: published method -> ours.
    suite: the runs to make when no method is named.
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
    suite: str | None = None

    def request(self, methods: Sequence[str] = ()) -> Request:
        """Return the request for the whole table; finished runs are kept.

        methods: those to run; by default the suite's.  Raises RequestError when there are none,
        and when the masks are files whose path the caller has to give.
        """
        if self.suite is not None:
            suite = request.suite(self.suite)
            return replace(suite, methods=tuple(methods)) if methods else suite
        if not methods:
            hint = "".join(
                f" {name} is {c.spec},path=FILE." for name, c in self.counterparts.items()
            )
            raise RequestError(f"Table {self.name!r} has no methods of its own: name one.{hint}")
        if packs := [mask for mask in self.masks.values() if mask.startswith("nvidia:")]:
            raise RequestError(
                f"Table {self.name!r} needs NVIDIA's masks, which are not shipped: use "
                f"`bench run --mask {packs[0].replace(':', ':PATH,')}` and so on for its "
                f"{len(packs)} bins, on {self.dataset} at {self.size}."
            )
        return Request(
            tuple(methods),
            tuple(dict.fromkeys(self.masks.values())),
            self.dataset,
            size=self.size,
            limit=self.n,
            metrics=self.metrics,
        )


@dataclass(frozen=True)
class PublishedNumber:
    """A number as a paper prints it, under our names of mask and metric."""

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
    names = protocol_names()
    if not name:
        raise RequestError(f"No table was named. Known: {', '.join(names)}.")
    if name not in names:
        hint = did_you_mean(name, names)
        raise RequestError(f"Unknown table {name!r}.{hint} Known: {', '.join(names)}.")
    path = files("bench.report.protocols").joinpath(f"{name}.toml")
    loaded = tomllib.loads(path.read_text("utf-8"))
    counterparts = {k: Counterpart(**v) for k, v in loaded.pop("counterparts").items()}
    for key in ("metrics", "notes"):
        loaded[key] = tuple(loaded.get(key, ()))
    return Protocol(name=name, counterparts=counterparts, **loaded)


def published(protocol: Protocol) -> list[PublishedNumber]:
    """Return the published numbers of a protocol, in the order of the file."""
    text = files("bench.report.published").joinpath("published.csv").read_text("utf-8")
    numbers = []
    for line in csv.DictReader(text.splitlines()):
        metric = protocol.published_metrics.get(line["metric"])
        mask = protocol.masks.get(line["mask"])
        same = (line["paper"], line["dataset"]) == (protocol.paper, protocol.published_dataset)
        if same and metric and mask:
            text = line["value"]
            text = f"0{text}" if text.startswith(".") else text
            numbers.append(PublishedNumber(mask, line["method"], metric, text, line["provenance"]))
    return numbers
