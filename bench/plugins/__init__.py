"""From a name to a plug-in: "name", "name:key=value,key=value" or "pkg.mod:Class".

The registries are dicts of strings (METHODS, MASKS, DATASETS, METRICS); third parties add to them
by entry points of the groups inpaint_bench.{methods,masks,datasets,metrics}.  A plug-in is a frozen
dataclass; its fields are its parameters, and an unknown key is an error.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
import types
import typing
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.api import Dataset, ImageMetric, MaskGenerator, Method, RequestError, SetMetric
from bench.plugins import parts
from bench.plugins.parts import did_you_mean as did_you_mean  # part of this module, too

KINDS = {
    "method": ("methods", "METHODS"),
    "mask": ("masks", "MASKS"),
    "dataset": ("bench.datasets", "DATASETS"),
    "metric": ("bench.metrics", "METRICS"),
}


def method(spec: str, **parameters: object) -> Method:
    """Return a method: `method("telea")`, `method("ddpm:steps=50")`, `method("ddpm", steps=50)`."""
    return typing.cast(Method, resolve("method", spec, **parameters))


def mask(spec: str, **parameters: object) -> MaskGenerator:
    """Return a mask generator: `mask("hybrid")`, `mask("folder:masks/")`."""
    return typing.cast(MaskGenerator, resolve("mask", spec, **parameters))


def dataset(spec: str, **parameters: object) -> Dataset:
    """Return a dataset: `dataset("photos", size=64)`, `dataset("folder:images/")`."""
    return typing.cast(Dataset, resolve("dataset", spec, **parameters))


def metric(spec: str, **parameters: object) -> ImageMetric | SetMetric:
    """Return a metric: `metric("lpips")`."""
    return typing.cast("ImageMetric | SetMetric", resolve("metric", spec, **parameters))


def registry(kind: str) -> dict[str, str]:
    """Return name -> "pkg.mod:Class" of the shipped plug-ins and of the installed entry points."""
    module, attribute = KINDS[kind]
    known: dict[str, str] = dict(getattr(importlib.import_module(module), attribute))
    for name, value in _installed(f"inpaint_bench.{kind}s"):
        known.setdefault(name, value)
    return known


@cache
def _installed(group: str) -> tuple[tuple[str, str], ...]:
    """Return name and value of the entry points of a group: a search through all packages, once."""
    from importlib.metadata import entry_points

    return tuple((entry.name, entry.value) for entry in entry_points(group=group))


def resolve(kind: str, spec: str, **parameters: object) -> object:
    """Return the plug-in instance that `spec` names; raises RequestError in one line."""
    plugin_class, text = _find_class(kind, spec)
    try:
        shape = parts.shape(plugin_class, {**_pairs(text), **parameters})
        given = {**_parse(shape, text), **parameters}
        _check_names(shape, given)
        _check_complete(shape, given)
        return shape.build(given)
    except RequestError as error:
        raise RequestError(f"{kind} {spec!r}: {error}") from None
    except (TypeError, ValueError) as error:
        raise RequestError(f"{kind} {spec!r}: {error}") from error


def parameters(plugin: object) -> dict[str, Any]:
    """Return the parameters that belong to a run's identity: all fields but paths and the name."""
    shape = parts.shape_of(plugin)
    values = parts.values(plugin, shape)
    return {k: v for k, v in values.items() if k != "name" and not _is_path(shape.hints[k])}


def label(plugin: Any, *, without: Collection[str] = ()) -> str:
    """Return "name" or "name:key=value,..." with the parameters that differ from the defaults.

    without: parameters that are told elsewhere.
    """
    fields = parts.shape_of(plugin).fields
    changed = {
        key: value
        for key, value in parameters(plugin).items()
        if value != fields[key].default and key not in without
    }
    return name_with(plugin.name, changed)


def name_with(name: str, parameters: Mapping[str, object]) -> str:
    """Return "name:key=value,..."; the name alone without parameters."""
    given = ",".join(f"{key}={_plain(value)}" for key, value in parameters.items())
    return f"{name}:{given}" if given else str(name)


def _plain(value: object) -> str:
    """Return a value as it is typed on the command line; a tuple and a JSON list look alike."""
    if isinstance(value, (list, tuple)):
        return "/".join(map(_plain, value))
    return str(value)


def split_list(texts: tuple[str, ...] | list[str]) -> list[str]:
    """Split comma-separated items; a piece that holds '=' continues the item before it.

    "ddpm:steps=50,jump_samples=5,telea" is two items.  An item that starts with "folder:" or holds
    "path=" keeps commas only when given alone in a repeated option.
    """
    items: list[str] = []
    for text in texts:
        if text.startswith("folder:"):
            items.append(text)
            continue
        started = False
        for piece in text.split(","):
            if started and "=" in piece and ":" not in piece.split("=", 1)[0]:
                items[-1] += f",{piece}"
            elif piece.strip():
                items.append(piece.strip())
                started = True
    return items


def _find_class(kind: str, spec: str) -> tuple[type[Any], str]:
    """Return the plug-in's class and the text of its parameters."""
    known = registry(kind)
    name, _, text = spec.partition(":")
    if name in known:
        return import_class(kind, known[name]), text
    class_name, _, rest = text.partition(":")
    if class_name.isidentifier() and all(part.isidentifier() for part in name.split(".")):
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())  # a file in the current folder is a module, but ours win
        return import_class(kind, f"{name}:{class_name}"), rest
    hint = did_you_mean(name, list(known))
    raise RequestError(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(sorted(known))}.")


def import_class(kind: str, target: str) -> type[Any]:
    """Import "pkg.mod:Class"."""
    module_name, _, class_name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise RequestError(
            f"Cannot load the {kind} {target!r}: {error}. Give 'pkg.mod:Class'."
        ) from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found)):
        raise RequestError(f"The {kind} {target!r} is not a dataclass; plug-ins are dataclasses.")
    return found


def parse_parameters(plugin_class: type[Any], text: str) -> dict[str, Any]:
    """Turn "key=value,key=value" into typed parameters.

    `positional` names the field of a path, which may be written without its key: "PATH,key=value".
    """
    return _parse(parts.shape(plugin_class, _pairs(text)), text)


def _pairs(text: str) -> dict[str, str]:
    """Return the pieces of the text that hold "=", as they stand."""
    pieces = (piece.partition("=") for piece in text.split(","))
    return {key: value for key, equals, value in pieces if equals}


def _parse(shape: parts.Shape, text: str) -> dict[str, Any]:
    """Turn a text into typed parameters of a shape."""
    if not text:
        return {}
    hints = shape.hints
    positional = getattr(shape.plugin, "positional", None)
    given: dict[str, Any] = {}
    key, equals, _ = text.partition("=")
    if positional and not (equals and key in hints and key != positional):
        value, text = _take_positional(text.removeprefix(f"{positional}="))
        given[positional] = _convert(positional, value, hints[positional])
    for pair in filter(None, text.split(",")):
        key, equals, value = pair.partition("=")
        if not equals:
            raise RequestError(f"{pair!r} is not key=value")
        _check_names(shape, {key: value})
        given[key] = _convert(key, value, hints[key])
    return given


def _take_positional(text: str) -> tuple[str, str]:
    """Split "PATH,key=value": the path is literal up to the last run of ",key=value" pieces."""
    pieces = text.split(",")
    first = len(pieces)
    while first > 1 and pieces[first - 1].partition("=")[0].isidentifier():
        if "=" not in pieces[first - 1]:
            break
        first -= 1
    return ",".join(pieces[:first]), ",".join(pieces[first:])


def _check_names(shape: parts.Shape, given: Mapping[str, object]) -> None:
    """Raise RequestError for a parameter that the plug-in does not have."""
    allowed = [name for name, field in shape.fields.items() if field.init]
    for key in given:
        if key not in allowed:
            hint = did_you_mean(key, allowed)
            listed = ", ".join(allowed) if allowed else "none"
            raise RequestError(f"Unknown parameter {key!r}.{hint} Allowed: {listed}.")


def _check_complete(shape: parts.Shape, given: Mapping[str, object]) -> None:
    """Raise RequestError for a parameter without a default that was not given."""
    positional = getattr(shape.plugin, "positional", None)
    for name, field in shape.fields.items():
        optional = (field.default, field.default_factory) != (dataclasses.MISSING,) * 2
        if field.init and not optional and name not in given:
            how = "NAME:PATH" if name == positional else f"NAME:{name}=VALUE"
            raise RequestError(f"{name} is required. Write {how}.")


def _convert(key: str, text: str, hint: Any) -> Any:
    """Turn a parameter's text into the type its field declares."""
    options = typing.get_args(hint) if _is_union(hint) else (hint,)
    if type(None) in options and text.lower() == "none":
        return None
    for option in (o for o in options if o is not type(None)):
        try:
            return _convert_to(text, option)
        except RequestError:
            raise
        except ValueError:
            continue
    wanted = " or ".join(getattr(o, "__name__", str(o)) for o in options)
    raise RequestError(f"Parameter {key}={text!r} is not of type {wanted}.")


def _convert_to(text: str, option: Any) -> Any:
    if option is bool:
        if text.lower() not in {"true", "false", "yes", "no", "1", "0"}:
            raise ValueError(text)
        return text.lower() in {"true", "yes", "1"}
    if typing.get_origin(option) is typing.Literal:
        allowed = typing.get_args(option)
        if text not in allowed:
            raise RequestError(f"{text!r} is not one of {', '.join(map(str, allowed))}.")
        return text
    return Path(text).expanduser() if option is Path else option(text)


def _is_union(hint: Any) -> bool:
    return typing.get_origin(hint) in {typing.Union, types.UnionType}


def _is_path(hint: Any) -> bool:
    return hint is Path or (_is_union(hint) and Path in typing.get_args(hint))
