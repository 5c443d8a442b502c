"""Parameters that a plug-in got after runs of it were recorded."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

Value = TypeVar("Value")
MARK = "added_later"


def added_later(default: Value) -> Value:
    """Declare a field whose default does what the plug-in did before it had the field.

    `strength: float = added_later(1.0)`.  With its default it is no part of a run's identity, so
    that the runs made before go on and compare.
    """
    return dataclasses.field(default=default, metadata={MARK: True})


def says_nothing(field: dataclasses.Field[Any], value: object) -> bool:
    """Return whether a value belongs to no identity: the default of a field added later."""
    return MARK in field.metadata and value == field.default
