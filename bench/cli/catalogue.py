"""What `bench list` and `bench weights` print.

Kept apart from the commands because it imports every plug-in.
"""

from __future__ import annotations

import dataclasses
import inspect
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from bench import plugins
from bench.api import RequestError
from bench.plan import request
from bench.plugins import parts

if TYPE_CHECKING:
    from bench.runner.progress import Progress


class Entry(TypedDict):
    """A line of `bench list`: name, description, parameters with their defaults.

    paper, cost, gradients: of samplers alone.
    """

    name: str
    description: str
    parameters: dict[str, str]
    paper: NotRequired[str]
    cost: NotRequired[str]
    gradients: NotRequired[bool]


def describe_all(kind: str | None = None) -> dict[str, list[Entry]]:
    """Return kind -> entries (name, description, parameters) of what is known."""
    kinds = {f"{k}s": k for k in plugins.KINDS}
    listing = {many: _entries(one) for many, one in kinds.items() if kind in {None, many}}
    if kind in {None, "samplers"}:
        listing["samplers"] = _samplers()
    if kind in {None, "suites"}:
        listing["suites"] = [
            {"name": name, "description": request.suite_title(name), "parameters": {}}
            for name in request.suite_names()
        ]
    if kind in {None, "tables"}:
        from bench.report import protocol

        listing["tables"] = [
            {"name": name, "description": protocol.load_protocol(name).title, "parameters": {}}
            for name in protocol.protocol_names()
        ]
    return listing


def listing_text(listing: dict[str, list[Entry]]) -> str:
    """Return the listing as aligned text."""
    lines = []
    for kind, entries in listing.items():
        width = max((len(e["name"]) for e in entries), default=0)
        lines.append(kind)
        for entry in entries:
            lines.append(f"  {entry['name']:<{width}}  {entry['description']}")
            if entry["parameters"]:
                pairs = ", ".join(f"{k}={v}" for k, v in entry["parameters"].items())
                lines.append(f"  {'':<{width}}  [{pairs}]")
            if "cost" in entry:
                needs = "gradients" if entry["gradients"] else "no gradients"
                told = f"evaluations + gradients a step: {entry['cost']}; needs {needs}"
                lines.append(f"  {'':<{width}}  {entry['paper']}; {told}")
        lines.append("")
    return "\n".join(lines).rstrip()


def _entries(kind: str) -> list[Entry]:
    """Return an entry for every registered plug-in; a broken one says so in its description."""
    entries: list[Entry] = []
    for name, target in sorted(plugins.registry(kind).items()):
        try:
            plugin_class = plugins.import_class(kind, target)
            description = (inspect.getdoc(plugin_class) or "").split("\n")[0]
            fields = parts.shape(plugin_class, {}).fields
            parameters = {name: _default(field) for name, field in fields.items()}
        except RequestError as error:
            description, parameters = f"(cannot be loaded: {error})", {}
        entries.append({"name": name, "description": description, "parameters": parameters})
    return entries


def _samplers() -> list[Entry]:
    """Return an entry for every sampler of any method: its paper and what a step costs."""
    samplers: dict[str, type[Any]] = {}
    for target in plugins.registry("method").values():
        with suppress(RequestError):  # _entries says what cannot be loaded
            method = plugins.import_class("method", target)
            samplers |= parts.choices(method).get("sampler", {})
    return [
        {
            "name": name,
            "description": (inspect.getdoc(sampler) or "").split("\n")[0],
            "parameters": {f.name: _default(f) for f in dataclasses.fields(sampler)},
            "paper": sampler.paper,
            "cost": sampler.cost,
            "gradients": sampler.gradients,
        }
        for name, sampler in samplers.items()
    ]


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default is dataclasses.MISSING:
        return "(required)"
    part = dataclasses.is_dataclass(field.default)
    return str(field.default.name if part else field.default)


def weights_text(name: str | None, *, fetch: bool, progress: Progress) -> str:
    """Return a listing of the weights; with `fetch`, get NAME or all that are missing first."""
    from bench.assets import weights as assets

    listed = assets.list_assets()
    chosen = [a for a in listed if name in {None, a.name}]
    if not chosen:
        names = [a.name for a in listed]
        hint = plugins.did_you_mean(str(name), names)
        raise RequestError(f"Unknown weights {name!r}.{hint} Known: {', '.join(names)}.")
    for asset in chosen if fetch else []:
        if assets.find(asset.name) is None:
            _fetch(asset.name, progress)
    return "\n".join(_asset_text(a, assets.find(a.name)) for a in chosen)


def _fetch(name: str, progress: Progress) -> None:
    from bench.assets import weights as assets

    show = progress.stage(f"fetching {name}")
    assets.fetch(name, lambda _, done, total: show(done, total))


def _asset_text(asset: Any, path: Any) -> str:
    where = str(path) if path else f"not here; get it with: bench weights {asset.name} --fetch"
    return f"{asset.name}\n  for     {asset.purpose}\n  sha256  {asset.sha256}\n  where   {where}"
