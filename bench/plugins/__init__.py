"""From a name to a plug-in: "name", "name:key=value,key=value" or "pkg.mod:Class".

A plug-in is a frozen dataclass; its fields are its parameters, and an unknown key is an error.
Which there are is in bench.plugins.registered, the text's grammar in bench.plugins.grammar, what a
plug-in is put together from in bench.plugins.parts.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from bench.api import (
    Dataset,
    HasTitle,
    ImageMetric,
    Local,
    MaskGenerator,
    Method,
    Positional,
    RequestError,
    SampleMetric,
    SetMetric,
    Wraps,
)
from bench.api.later import says_nothing
from bench.plugins import parts
from bench.plugins.grammar import convert, is_union, names_in, split_parameters
from bench.plugins.grammar import did_you_mean as did_you_mean  # part of this module, too
from bench.plugins.grammar import name_with as name_with
from bench.plugins.grammar import split_list as split_list
from bench.plugins.registered import KINDS as KINDS
from bench.plugins.registered import find_class as find_class
from bench.plugins.registered import import_class as import_class
from bench.plugins.registered import offering as offering
from bench.plugins.registered import registry as registry

# What the user says of a plug-in beside its parameters: "torchscript:FILE,name=LaMa,licence=MIT".
NAME, LICENCE = "name", "licence"
NOTES: dict[str, tuple[str, ...]] = {"method": (NAME, LICENCE), "mask": (NAME,), "dataset": (NAME,)}


def method(spec: str, **parameters: object) -> Method:
    """Return a method: `method("telea")`, `method("ddpm:steps=25")`, `method("ddpm", steps=25)`."""
    return typing.cast(Method, resolve("method", spec, **parameters))


def mask(spec: str, **parameters: object) -> MaskGenerator:
    """Return a mask generator: `mask("hybrid")`, `mask("folder:masks/")`."""
    return typing.cast(MaskGenerator, resolve("mask", spec, **parameters))


def dataset(spec: str, **parameters: object) -> Dataset:
    """Return a dataset: `dataset("photos", size=64)`, `dataset("folder:images/")`."""
    return typing.cast(Dataset, resolve("dataset", spec, **parameters))


def metric(spec: str, **parameters: object) -> ImageMetric | SetMetric | SampleMetric:
    """Return a metric: `metric("lpips")`."""
    plugin = resolve("metric", spec, **parameters)
    return typing.cast("ImageMetric | SetMetric | SampleMetric", plugin)


def resolve(kind: str, spec: str, **parameters: object) -> object:
    """Return the plug-in instance that `spec` names; raises RequestError in one line.

    `name=` and `licence=` are what the user says of it, and no parameters: see `note_in`.
    """
    plugin_class, text = find_class(kind, spec)
    if issubclass(plugin_class, Wraps):
        return _wrapping(plugin_class, kind, spec, **parameters)
    try:
        shape = parts.shape(plugin_class, {**names_in(text), **parameters})
        notes = _free_notes(kind, shape)
        values = {**_parse(shape, text, notes), **parameters}
        values = {key: value for key, value in values.items() if key not in notes}
        _check_names(shape, values)
        _check_complete(shape, values)
        return shape.build(values)
    except RequestError as error:
        raise type(error)(f"{kind} {spec!r}: {error}") from None
    except (TypeError, ValueError) as error:
        raise RequestError(f"{kind} {spec!r}: {error}") from error


def note_in(kind: str, spec: str, note: str = NAME) -> str | None:
    """Return one of NOTES as the text gives it, such as what tables are to call the plug-in.

    None without it, and where the plug-in has a parameter of that name.
    """
    plugin_class, text = find_class(kind, spec)
    if issubclass(plugin_class, Wraps):
        return note_in(kind, text, note)
    shape = parts.shape(plugin_class, names_in(text))
    notes = _free_notes(kind, shape)
    value = _parse(shape, text, notes).get(note) if note in notes else None
    return None if value is None else str(value)


def name_of(kind: str, spec: str) -> str:
    """Return the name of the plug-in of a text; raises RequestError for an unknown one."""
    plugin_class, text = find_class(kind, spec)
    if issubclass(plugin_class, Wraps):
        return f"{spec.partition(':')[0]}:{name_of(kind, text)}"
    return str(plugin_class.name)


def parameters(plugin: object) -> dict[str, object]:
    """Return the parameters that belong to a run's identity.

    All fields but the name, paths, and those added later that have their defaults.
    """
    if isinstance(plugin, Wraps):
        return parameters(plugin.wrapped())
    shape = parts.shape_of(plugin)
    values = parts.values(plugin, shape)
    kept = {k: v for k, v in values.items() if k != "name" and not _is_path(shape.hints[k])}
    return {k: v for k, v in kept.items() if not says_nothing(shape.fields[k], v)}


def label(plugin: Any, *, without: Collection[str] = ()) -> str:
    """Return "name" or "name:key=value,..." with the parameters that differ from the defaults.

    The name is the title of a plug-in that has one.  without: parameters that are shown elsewhere.
    """
    name = str(plugin.name)
    if isinstance(plugin, Wraps):
        return f"{name.partition(':')[0]}:{label(plugin.wrapped(), without=without)}"
    shape = parts.shape_of(plugin)
    changed = {
        key: value
        for key, value in parameters(plugin).items()
        if value != shape.fields[key].default
    }
    shown = {k: v for k, v in parts.with_names(shape, changed).items() if k not in without}
    return name_with(plugin.title() if isinstance(plugin, HasTitle) else name, shown)


def parse_parameters(plugin_class: type[Any], text: str) -> dict[str, object]:
    """Turn "PATH,key=value" into parameters of the types that the class declares."""
    return _parse(parts.shape(plugin_class, names_in(text)), text)


def _parse(shape: parts.Shape, text: str, notes: Collection[str] = ()) -> dict[str, object]:
    """Turn a text into typed parameters of a shape, and into the notes that are there."""
    path = _positional(shape.plugin)
    values: dict[str, object] = {}
    for key, value in split_parameters(text, positional=path, names=(*shape.hints, *notes)):
        if key in notes:
            values[key] = _one_line(key, value)
            continue
        _check_names(shape, {key: value}, notes)
        values[key] = convert(key, value, shape.hints[key])
    return values


def _wrapping(plugin_class: type[Any], kind: str, spec: str, **parameters: object) -> object:
    """Return the plug-in that is another one used otherwise; raises RequestError in one line."""
    name, _, text = spec.partition(":")
    if not text:
        raise RequestError(f"{kind} {spec!r}: it uses another {kind}. Write {name}:NAME.")
    other = resolve(kind, text, **parameters)
    try:
        return plugin_class(other)
    except RequestError as error:
        raise RequestError(f"{kind} {spec!r}: {error}") from None


def _free_notes(kind: str, shape: parts.Shape) -> tuple[str, ...]:
    """Return those of NOTES that are no parameter of the plug-in."""
    return tuple(note for note in NOTES.get(kind, ()) if note not in shape.fields)


def _one_line(note: str, value: str) -> str:
    """Return a note that the user gave; raises RequestError for an empty one."""
    if not value.strip():
        raise RequestError(f"{note}= is empty. Give what tables are to show, or leave {note}= out.")
    return " ".join(value.split())


def _positional(plugin_class: type[Any]) -> str | None:
    """Return the field whose value may be written without its key."""
    return plugin_class.positional if isinstance(plugin_class, Positional) else None


def _check_names(
    shape: parts.Shape, values: Mapping[str, object], extra: Collection[str] = ()
) -> None:
    """Raise RequestError for a parameter that the plug-in does not have; extra: besides its own."""
    allowed = [*(name for name, field in shape.fields.items() if field.init), *extra]
    for key in values:
        if key not in allowed:
            others = parts.of_other_parts(shape)
            belongs = f" It belongs to {', '.join(others.get(key, []))}."
            hint = belongs if key in others else did_you_mean(key, [*allowed, *others])
            listed = ", ".join(allowed) if allowed else "none"
            chosen = "".join(f" with {field}={part.name}" for field, part in shape.parts.items())
            raise RequestError(f"Unknown parameter {key!r}.{hint} Allowed{chosen}: {listed}.")


def _check_complete(shape: parts.Shape, values: Mapping[str, object]) -> None:
    """Raise RequestError for a parameter without a default that was not given."""
    for name, field in shape.fields.items():
        optional = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        if field.init and not optional and name not in values:
            path = name == _positional(shape.plugin)
            how = "NAME:PATH" if path else f"NAME:{name}=VALUE"
            raise RequestError(f"{name} is required. Write {how}.")


def _is_path(hint: Any) -> bool:
    return hint in {Path, Local} or (is_union(hint) and Path in typing.get_args(hint))
