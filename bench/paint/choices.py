"""The methods, masks and datasets that the page offers, with their parameters.

The page names plug-ins by their place in a list, and gives parameters as text.  Paths are not
offered as parameters: only the command line may name files.
"""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from bench import plugins
from bench.api import Dataset, MaskGenerator, Method, RequestError
from bench.plugins import grammar, parts

MOST_TEXT = 100


class FormField(TypedDict):
    """A parameter for a form.  options: of a choice; parts: name -> fields of what is chosen."""

    name: str
    type: str
    default: str
    options: NotRequired[list[str]]
    parts: NotRequired[dict[str, list[FormField]]]


class Offer(TypedDict):
    """A plug-in for a form.  name: its label.  fields: empty for one of the command line."""

    name: str
    about: str
    chosen: bool
    fields: list[FormField]


@dataclass(frozen=True)
class Chosen:
    """A plug-in with its parameters, and its text on the command line."""

    plugin: Any
    text: str


class Choices:
    """Plug-ins of a kind by their place: those of the command line, then the registered ones.

    texts: plug-ins as on the command line.  default: names that are chosen without any.
    """

    def __init__(self, kind: str, texts: Sequence[str], default: Sequence[str] = ()) -> None:
        self._kind = kind
        self._from_user = [Chosen(plugins.resolve(kind, text), text) for text in texts]
        self._names = [name for name in plugins.registry(kind) if self._stands_alone(name)]
        self._default = [] if texts else default

    def offers(self) -> list[Offer]:
        """Return all, in the order of their places."""
        offers: list[Offer] = [
            {"name": one.text, "about": _about(type(one.plugin)), "chosen": True, "fields": []}
            for one in self._from_user
        ]
        return offers + [self._offer(name) for name in self._names]

    def choose(self, place: int, parameters: Mapping[str, str]) -> Chosen:
        """Return the plug-in at a place; raises RequestError for an unknown place or parameter."""
        if not 0 <= place < len(self._from_user) + len(self._names):
            raise RequestError(f"There is no {self._kind} at place {place}.")
        if place < len(self._from_user):
            if parameters:
                raise RequestError(f"{self._from_user[place].text} is taken as it was given.")
            return self._from_user[place]
        name = self._names[place - len(self._from_user)]
        plugin_class, _ = plugins.find_class(self._kind, name)
        values = _typed(plugin_class, {k: v for k, v in parameters.items() if v != ""})
        plugin = plugins.resolve(self._kind, name, **values)
        return Chosen(plugin, grammar.name_with(name, {k: parameters[k] for k in values}))

    def _offer(self, name: str) -> Offer:
        plugin_class, _ = plugins.find_class(self._kind, name)
        chosen = name in self._default
        fields = _fields(plugin_class)
        return {"name": name, "about": _about(plugin_class), "chosen": chosen, "fields": fields}

    def _stands_alone(self, name: str) -> bool:
        """Return whether a plug-in works without a path from the user."""
        try:
            plugins.resolve(self._kind, name)
        except RequestError:
            return False
        return True


class Datasets:
    """Datasets by their place: the one of the command line, then those on this machine."""

    def __init__(self, text: str | None) -> None:
        self._choices = Choices("dataset", [text] if text else [])
        self.names = [offer["name"] for offer in self._choices.offers()]

    def at(self, place: int, size: int | None) -> Dataset:
        """Return a dataset at a size; raises RequestError for an unknown place or size."""
        chosen = self._choices.choose(place, {})
        loaded = cast(Dataset, chosen.plugin)
        if size is None or size == loaded.size:
            return loaded
        return cast(Dataset, plugins.resolve("dataset", chosen.text, size=size))


def method(chosen: Chosen) -> Method:
    """Return a chosen method."""
    return cast(Method, chosen.plugin)


def mask(chosen: Chosen) -> MaskGenerator:
    """Return a chosen mask generator."""
    return cast(MaskGenerator, chosen.plugin)


def _typed(plugin_class: type[Any], parameters: Mapping[str, str]) -> dict[str, object]:
    """Turn texts into parameters of the types that the class declares."""
    shape = parts.shape(plugin_class, parameters)
    values = {}
    for key, text in parameters.items():
        if key not in shape.fields or _leads_to_file(shape.hints[key]):
            allowed = [name for name, hint in shape.hints.items() if not _leads_to_file(hint)]
            raise RequestError(f"Unknown parameter {key!r}. Allowed: {', '.join(allowed)}.")
        if len(text) > MOST_TEXT or any(mark in text for mark in ",="):
            raise RequestError(
                f"{key}: give a value of at most {MOST_TEXT} letters, without , or ="
            )
        values[key] = grammar.convert(key, text, shape.hints[key])
    return values


def _fields(owner: type[Any]) -> list[FormField]:
    """Return the fields of a dataclass; a field that holds a part lists each part's parameters."""
    hints = typing.get_type_hints(owner)
    choices = parts.choices(owner)
    fields: list[FormField] = []
    for one in dataclasses.fields(owner):
        if one.name in choices:
            default = str(parts.default_part(owner, one.name).name)
            inner = {name: _fields(part) for name, part in choices[one.name].items()}
            names = list(inner)
            fields.append(
                {"name": one.name, "type": "part", "default": default, "options": names,
                 "parts": inner}
            )  # fmt: skip
        elif one.init and not _leads_to_file(hints[one.name]):
            fields.append(_field(one, hints[one.name]))
    return fields


def _field(one: dataclasses.Field[Any], hint: Any) -> FormField:
    missing = one.default is dataclasses.MISSING
    default = "" if missing else str(one.default)
    kinds = typing.get_args(hint) if grammar.is_union(hint) else (hint,)
    for kind in kinds:
        if typing.get_origin(kind) is typing.Literal:
            options = [str(option) for option in typing.get_args(kind)]
            return {"name": one.name, "type": "choice", "default": default, "options": options}
    names = {bool: "yes or no", int: "whole number", float: "number"}
    told = " or ".join(names.get(k, "none" if k is type(None) else "text") for k in kinds)
    return {"name": one.name, "type": told, "default": default}


def _leads_to_file(hint: Any) -> bool:
    return hint is Path or (grammar.is_union(hint) and Path in typing.get_args(hint))


def _about(plugin_class: type[Any]) -> str:
    return (inspect.getdoc(plugin_class) or "").split("\n")[0]
