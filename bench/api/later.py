"""Fields that a plug-in or a recipe got after runs or files of it were written."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from bench.api import Json

Value = TypeVar("Value")
MARK = "added_later"


def added_later(default: Value) -> Value:
    """Declare a field whose default does what the dataclass did before it had the field.

    `strength: float = added_later(1.0)`.  With its default it is no part of a run's identity, nor
    of what `stated` returns, so that the runs and files made before go on and compare.
    """
    return dataclasses.field(default=default, metadata={MARK: True})


def says_nothing(field: dataclasses.Field[Any], value: object) -> bool:
    """Return whether a value belongs to no identity: the default of a field added later."""
    return MARK in field.metadata and value == field.default


def stated(config: DataclassInstance) -> dict[str, Json]:
    """Return the values of a dataclass by name, without those that belong to no identity.

    A value that is not JSON's own, as of a nested dataclass, is for the caller to replace.
    """
    pairs = [(field, getattr(config, field.name)) for field in dataclasses.fields(config)]
    return {field.name: value for field, value in pairs if not says_nothing(field, value)}
