"""`bench list`, `bench masks` and `bench weights`."""

from __future__ import annotations

import dataclasses
import inspect
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import click

from bench import plugins
from bench.api import RequestError
from bench.cli.options import FOLDER
from bench.cli.progress import shown
from bench.plan import request
from bench.plugins import parts

if TYPE_CHECKING:
    from bench.runner.progress import Progress
    from masks.pack import PackSummary


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


@click.command("list")
@click.argument(
    "kind",
    required=False,
    type=click.Choice(["methods", "samplers", "masks", "datasets", "metrics", "suites", "tables"]),
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_plugins(*, kind: str | None, as_json: bool) -> None:
    """List methods, their samplers, masks, datasets, metrics and suites, with parameters."""
    entries = describe_all(kind)
    click.echo(json.dumps(entries, indent=2) if as_json else listing_text(entries))


@click.command()
@click.argument("kind")
@click.option("--count", type=click.IntRange(1), help="How many.  [default: 64]")
@click.option("--dataset", help="Instead of a count: the hole that every image of it gets in runs.")
@click.option("--size", type=click.IntRange(8), default=256, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Mask seed.")
@click.option("--out", type=FOLDER, required=True, help="Folder of the pack.")
@click.option("--quiet", is_flag=True)
def masks(
    *,
    kind: str,
    count: int | None,
    dataset: str | None,
    size: int,
    seed: int,
    out: Path,
    quiet: bool,
) -> None:
    """Draw a checksummed pack of masks, its statistics and a contact sheet."""
    from masks.pack import write_masks, write_pack

    if count is not None and dataset is not None:
        raise RequestError("Give --count or --dataset: a dataset has as many holes as images.")
    generator = request.load_mask(kind, size)
    seeds = None if dataset is None else _seeds_of_images(generator.name, dataset, size, seed)
    number = len(seeds) if seeds is not None else count or 64
    with shown(quiet=quiet) as progress:
        stage = progress.stage(f"masks {generator.name}")

        def on_progress(done: int) -> None:
            stage(done, number)

        summary = (
            write_pack(
                generator, count=number, size=size, seed=seed, out=out, on_progress=on_progress
            )
            if seeds is None
            else write_masks(
                generator, seeds, size=size, seed=seed, out=out, on_progress=on_progress
            )
        )
    if not quiet:
        click.echo(_pack_text(summary, number, size))
        if dataset is not None:
            click.echo(f"use them with --mask folder:{out},pairing=id")


def _pack_text(summary: PackSummary, number: int, size: int) -> str:
    """Return what a pack of masks holds, for its maker."""
    ratios = summary.statistics
    return (
        f"{summary.path}: {number} masks of {size}x{size}, hole ratio mean {ratios.mean:.3f}, "
        f"5th to 95th percentile {ratios.p5:.3f} to {ratios.p95:.3f}\n"
        f"sha256 {summary.sha256}\nholes sha256 {summary.holes_sha256}\n"
        f"contact sheet {summary.sheet}"
    )


def _seeds_of_images(mask: str, dataset: str, size: int, seed: int) -> dict[str, int]:
    """Return image id -> the seed that a run draws its hole from."""
    from bench.plan.spec import seed_of_hole

    ids = request.load_dataset(dataset, size).ids()
    return {image_id: seed_of_hole(mask, image_id, seed) for image_id in ids}


@click.command()
@click.argument("name", required=False)
@click.option("--fetch", is_flag=True, help="Fetch NAME, or everything that is missing.")
def weights(*, name: str | None, fetch: bool) -> None:
    """List every file of weights: what for, where it is, its hash; or fetch them."""

    with shown(quiet=not fetch) as progress:
        click.echo(weights_text(name, fetch=fetch, progress=progress))


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
        known = [a.name for a in listed]
        hint = plugins.did_you_mean(str(name), known)
        raise RequestError(f"Unknown weights {name!r}.{hint} Known: {', '.join(known)}.")
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


COMMANDS = (list_plugins, masks, weights)
