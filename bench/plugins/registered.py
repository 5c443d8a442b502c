"""The plug-ins that there are: names, and the classes that they stand for.

The registries are dicts of strings (METHODS, MASKS, DATASETS, METRICS); third parties add to them
by entry points of the groups inpaint_bench.{methods,masks,datasets,metrics}.
"""

from __future__ import annotations

import dataclasses
import importlib
import os
import sys
from functools import cache
from typing import Any

from bench.api import RequestError
from bench.plugins.grammar import did_you_mean

KINDS = {
    "method": ("methods", "METHODS"),
    "mask": ("masks", "MASKS"),
    "dataset": ("bench.datasets", "DATASETS"),
    "metric": ("bench.metrics", "METRICS"),
}


def registry(kind: str) -> dict[str, str]:
    """Return name -> "pkg.mod:Class" of the shipped plug-ins and of the installed entry points."""
    module, attribute = KINDS[kind]
    targets: dict[str, str] = dict(getattr(importlib.import_module(module), attribute))
    for name, value in _installed(f"inpaint_bench.{kind}s"):
        targets.setdefault(name, value)
    return targets


def _installed(group: str) -> tuple[tuple[str, str], ...]:
    """Return name and value of the entry points of a group."""
    return tuple((entry.name, entry.value) for entry in _entry_points().select(group=group))


@cache
def _entry_points() -> Any:  # another class in Python 3.11 than later
    """Return the entry points of every installed package: a search through all of them, once."""
    from importlib.metadata import entry_points

    return entry_points()


def offering(kind: str, protocol: type) -> list[str]:
    """Return the registered names whose classes have a protocol of bench.api, in order."""
    names = []
    for name, target in registry(kind).items():
        try:
            plugin_class = import_class(kind, target)
        except RequestError:  # one that cannot be loaded offers nothing
            continue
        if issubclass(plugin_class, protocol):
            names.append(name)
    return names


def find_class(kind: str, spec: str) -> tuple[type[Any], str]:
    """Return the plug-in's class and the text of its parameters; raises RequestError."""
    targets = registry(kind)
    name, _, text = spec.partition(":")
    if name in targets:
        return import_class(kind, targets[name]), text
    class_name, _, rest = text.partition(":")
    if class_name.isidentifier() and all(part.isidentifier() for part in name.split(".")):
        if os.getcwd() not in sys.path:
            sys.path.append(os.getcwd())  # a file in the current folder is a module, but ours win
        try:
            return import_class(kind, f"{name}:{class_name}"), rest
        except RequestError as error:
            raise RequestError(f"{error}{did_you_mean(name, targets)}") from error
    first, comma, pairs = spec.partition(",")
    if comma and first in targets:
        raise RequestError(f"{kind} {spec!r}: parameters follow a colon. Write '{first}:{pairs}'.")
    hint = did_you_mean(name, targets)
    raise RequestError(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(sorted(targets))}.")


def import_class(kind: str, target: str) -> type[Any]:
    """Import "pkg.mod:Class"."""
    module_name, _, class_name = target.partition(":")
    try:
        plugin_class = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise RequestError(
            f"Cannot load the {kind} {target!r}: {error}. Give 'pkg.mod:Class'."
        ) from error
    if not (isinstance(plugin_class, type) and dataclasses.is_dataclass(plugin_class)):
        raise RequestError(f"The {kind} {target!r} is not a dataclass; plug-ins are dataclasses.")
    return plugin_class
