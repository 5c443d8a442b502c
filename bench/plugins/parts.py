"""The parameters of a plug-in, its own and those of the parts that it is put together from.

A field whose type is a union of dataclasses holds a part, chosen by name: in `ddpm:sampler=ddnm,
eta=.5`, `sampler` is the field, `ddnm` the `name` of a class of the union, and `eta` that class's
field, written beside the plug-in's own.  Without a name it is the default part, or, where that
lacks a parameter that is given, the first of the union.  The first one's name is not a parameter,
so that a plug-in keeps its identity when it learns to take others.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bench.api import RequestError
from bench.plugins.grammar import did_you_mean, is_union


@dataclass(frozen=True)
class Shape:
    """A plug-in's class with its parts chosen.

    parts: field -> the class chosen.  fields: parameter -> its field and its type; the default of
    a field that holds a part is the default part itself, whatever was chosen.
    """

    plugin: type[Any]
    parts: Mapping[str, type[Any]]
    fields: Mapping[str, dataclasses.Field[Any]]
    hints: Mapping[str, object]

    def build(self, parameters: Mapping[str, object]) -> Any:
        """Return the instance with these parameters; the others have their defaults."""
        own = {key: value for key, value in parameters.items() if key not in self.parts}
        made: dict[str, object] = {}
        for name, part in self.parts.items():
            inner = {f.name: own.pop(f.name) for f in dataclasses.fields(part) if f.name in own}
            made[name] = part(**inner)
        return self.plugin(**own, **made)


def shape(plugin_class: type[Any], named: Mapping[str, object]) -> Shape:
    """Return the shape with the parts named; raises RequestError for a part there is not.

    named: parameters; of those that name no part only the keys are read.
    """
    chosen = {}
    for name, classes in choices(plugin_class).items():
        if name in named:
            chosen[name] = _choose(name, str(named[name]), classes)
        else:
            chosen[name] = _unnamed(plugin_class, name, classes, named)
    return _shape(plugin_class, chosen)


def shape_of(plugin: object) -> Shape:
    """Return the shape of an instance."""
    chosen = {name: type(getattr(plugin, name)) for name in choices(type(plugin))}
    return _shape(type(plugin), chosen)


def values(plugin: object, shaped: Shape) -> dict[str, object]:
    """Return parameter -> value of an instance; a name is left out for the first of its union."""
    parameters: dict[str, object] = {}
    for field in dataclasses.fields(shaped.plugin):
        value = getattr(plugin, field.name)
        if field.name not in shaped.parts:
            parameters[field.name] = value
            continue
        if type(value) is not _first(choices(shaped.plugin)[field.name]):
            parameters[field.name] = value.name
        parameters |= {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    return parameters


def choices(plugin_class: type[Any]) -> dict[str, dict[str, type[Any]]]:
    """Return field -> name -> class of the parts that a plug-in can be put together from."""
    hints = typing.get_type_hints(plugin_class)
    by_field: dict[str, dict[str, type[Any]]] = {}
    for field in dataclasses.fields(plugin_class):
        options = typing.get_args(hints[field.name]) if is_union(hints[field.name]) else ()
        if options and all(dataclasses.is_dataclass(option) for option in options):
            by_field[field.name] = {option.name: option for option in options}
    return by_field


def default_part(plugin_class: type[Any], name: str) -> Any:
    """Return the part that a field holds by default."""
    (field,) = (f for f in dataclasses.fields(plugin_class) if f.name == name)
    return field.default_factory() if callable(field.default_factory) else field.default


def with_names(shaped: Shape, changed: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters with the names of the parts that they would not choose by themselves.

    changed: those of an instance of this shape that differ from the defaults.
    """
    chosen = shape(shaped.plugin, changed).parts
    lacking = {k: part.name for k, part in shaped.parts.items() if chosen[k] is not part}
    return {**lacking, **changed}


def of_other_parts(shaped: Shape) -> dict[str, list[str]]:
    """Return the parameters that the plug-in would have with other parts: name -> FIELD=PART."""
    owners: dict[str, list[str]] = {}
    for field, classes in choices(shaped.plugin).items():
        for name, part in classes.items():
            for inner in dataclasses.fields(part):
                if inner.name not in shaped.fields:
                    owners.setdefault(inner.name, []).append(f"{field}={name}")
    return owners


def _unnamed(
    plugin_class: type[Any], field: str, classes: Mapping[str, type[Any]], given: Collection[str]
) -> type[Any]:
    """Return the class of a part that nobody named.

    The default, or the first of the union when a parameter is given that it has and the default
    lacks.
    """
    default, first = type(default_part(plugin_class, field)), _first(classes)
    own, others = ({f.name for f in dataclasses.fields(part)} for part in (default, first))
    return first if (others - own) & set(given) else default


def _first(classes: Mapping[str, type[Any]]) -> type[Any]:
    return next(iter(classes.values()))


def _choose(field: str, name: str, classes: Mapping[str, type[Any]]) -> type[Any]:
    if name not in classes:
        hint = did_you_mean(name, classes)
        raise RequestError(f"Unknown {field} {name!r}.{hint} Known: {', '.join(classes)}.")
    return classes[name]


def _shape(plugin_class: type[Any], chosen: Mapping[str, type[Any]]) -> Shape:
    """Put the parts' fields where the field of the part stands."""
    fields: dict[str, dataclasses.Field[Any]] = {}
    hints: dict[str, object] = {}
    types = typing.get_type_hints(plugin_class)
    for field in dataclasses.fields(plugin_class):
        part = chosen.get(field.name)
        fields[field.name] = field
        hints[field.name] = types[field.name] if part is None else str
        if part is not None:
            inner = {f.name: f for f in dataclasses.fields(part)}
            fields |= inner
            hints |= {k: v for k, v in typing.get_type_hints(part).items() if k in inner}
    return Shape(plugin_class, chosen, fields, hints)
