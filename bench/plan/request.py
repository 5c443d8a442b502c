"""From a request (options of the command line, a suite's file) to the list of its runs."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from bench import plugins
from bench.api import (
    PRECISIONS,
    Dataset,
    FollowsSize,
    HasPrecision,
    MaskGenerator,
    Method,
    RequestError,
    Wraps,
    is_seeded,
)
from bench.plan.spec import Names, Run

# At the side of the shipped networks.  Its 87 photographs have intervals half as wide as those of
# `photos`, 32 crops of 11 photographs, at about twice the processor time: results/README.md.
DEFAULT_DATASET = "free-photos:size=64"


@dataclass(frozen=True)
class Request:
    """A grid of runs: every method x mask x seed on one dataset.

    size: None = the dataset's own default.  metrics: None = the defaults of bench.scoring.images.
    A method that seeds do not change runs with the first one alone.
    """

    methods: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    dataset: str = DEFAULT_DATASET
    size: int | None = None
    limit: int | None = None
    seeds: tuple[int, ...] = (0,)
    mask_seed: int = 0
    samples: int = 1
    precision: str = "auto"
    metrics: tuple[str, ...] | None = None


def suite_names() -> list[str]:
    """Return the names of the shipped suites."""
    folder = files("bench.plan.suites")
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith("toml"))


def suite_title(name: str) -> str:
    """Return a suite's one-line description."""
    return str(_suite_file(name)["title"])


def suite(name: str) -> Request:
    """Return what a suite asks for; raises RequestError for an unknown name."""
    fields = _suite_file(name)
    fields.update({k: tuple(v) for k, v in fields.items() if isinstance(v, list)})
    del fields["title"]
    return Request(**fields)


def _suite_file(name: str) -> dict[str, Any]:
    suites = suite_names()
    if name not in suites:
        hint = plugins.did_you_mean(name, suites)
        raise RequestError(f"Unknown suite {name!r}.{hint} Known: {', '.join(suites)}.")
    return tomllib.loads(files("bench.plan.suites").joinpath(f"{name}.toml").read_text("utf-8"))


def runs(request: Request) -> list[Run]:
    """Return the runs of a request, method by method; raises RequestError for a wrong request."""
    if not request.methods or not request.masks:
        missing = "method" if not request.methods else "mask"
        raise RequestError(f"No {missing} was given. Use --{missing} NAME (see `bench list`).")
    if request.precision not in PRECISIONS:
        allowed = ", ".join(PRECISIONS)
        raise RequestError(f"precision={request.precision!r} is not one of {allowed}.")
    dataset = load_dataset(request.dataset, request.size)
    masks = [load_mask(text, dataset.size) for text in request.masks]
    methods = [_with_precision(plugins.method(m), request.precision) for m in request.methods]
    _check_one_name_each("method", methods, request.methods)
    _check_one_name_each("mask", masks, request.masks)
    return [
        Run(
            *(method, mask, dataset),
            limit=request.limit,
            seed=seed,
            mask_seed=request.mask_seed,
            samples=request.samples,
            precision=request.precision,
            names=names(method_text, mask_text, request.dataset),
        )
        for method, method_text in zip(methods, request.methods, strict=True)
        for mask, mask_text in zip(masks, request.masks, strict=True)
        for seed in _seeds_of(method, request)
    ]


def _check_one_name_each(kind: str, resolved: Sequence[object], texts: Sequence[str]) -> None:
    """Raise RequestError for two names of one thing: a run is made once and has one name."""
    for k, text in enumerate(texts):
        first = resolved.index(resolved[k])
        one, other = (plugins.note_in(kind, t) for t in (texts[first], text))
        if one != other:
            raise RequestError(
                f"--{kind} {texts[first]!r} and {text!r} are the same runs under two names: give "
                "one of them."
            )


def names(method: str | None = None, mask: str | None = None, dataset: str | None = None) -> Names:
    """Return the `name=` of each text, for the parts of a run that a text stands for.

    And the `licence=` of the method's.
    """
    texts = {"method": method, "mask": mask, "dataset": dataset}
    called = {kind: plugins.note_in(kind, text) for kind, text in texts.items() if text}
    licence = plugins.note_in("method", method, plugins.LICENCE) if method else None
    return Names(**called, licence=licence)


def _seeds_of(method: Method, request: Request) -> tuple[int, ...]:
    return request.seeds if is_seeded(method) else request.seeds[:1]


def load_dataset(text: str, size: int | None) -> Dataset:
    """Return a dataset, at `size` if one is given."""
    return plugins.dataset(text) if size is None else plugins.dataset(text, size=size)


def load_mask(text: str, size: int | None) -> MaskGenerator:
    """Return a mask generator for images of a side; None: each image has its own size.

    What follows the size is written out, so that it stands in the run's spec and in its label.
    """
    mask = plugins.mask(text)
    return mask.at_size(size) if size is not None and isinstance(mask, FollowsSize) else mask


def seeds(text: str) -> tuple[int, ...]:
    """Parse "0,1,2"; raises RequestError."""
    try:
        parsed = tuple(int(piece) for piece in text.split(","))
    except ValueError:
        raise RequestError(
            f"--seed {text!r} is not a list of whole numbers, such as 0,1,2."
        ) from None
    if any(not 0 <= seed < 2**63 for seed in parsed):
        raise RequestError(f"--seed {text!r}: seeds are in 0 .. 2**63 - 1.")
    return parsed


def _with_precision(method: Method, precision: str) -> Method:
    """Return the method with --precision, if it has that parameter."""
    if isinstance(method, Wraps):
        return type(method)(_with_precision(method.wrapped(), precision))  # type: ignore[call-arg]
    if precision == "auto" or not isinstance(method, HasPrecision):
        return method
    return dataclasses.replace(method, precision=precision)  # type: ignore[type-var]
