"""Read the page's requests from JSON: every value is checked, unknown keys are refused."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from bench.api import RequestError

MOST_SEED = 2**31 - 1
MOST_SAMPLES = 8
MOST_METHODS = 24


@dataclass(frozen=True)
class PlugIn:
    """A plug-in by its place in a list, with parameters as text."""

    place: int
    parameters: Mapping[str, str]


class RequestFields:
    """The fields of a JSON object; every reader raises RequestError for another type or range."""

    def __init__(self, body: bytes) -> None:
        try:
            loaded = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RequestError("The request is not JSON.") from error
        self._fields = _object(loaded, "The request")

    def whole(self, name: str, low: int, high: int) -> int:
        """Return a whole number in low..high."""
        value = self._fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise RequestError(f"{name}={value!r}: give a whole number in {low}..{high}.")
        return value

    def optional_whole(self, name: str, low: int, high: int) -> int | None:
        """Return a whole number in low..high, None for null."""
        return None if self._fields.get(name) is None else self.whole(name, low, high)

    def text(self, name: str) -> str:
        """Return a text of at most 200 letters."""
        value = self._fields.get(name)
        if not isinstance(value, str) or len(value) > 200:
            raise RequestError(f"{name}: give a text of at most 200 letters.")
        return value

    def flag(self, name: str) -> bool:
        """Return true or false."""
        value = self._fields.get(name)
        if not isinstance(value, bool):
            raise RequestError(f"{name}={value!r}: give true or false.")
        return value

    def bits(self, name: str) -> bytes:
        """Return bytes that are written in base64."""
        value = self._fields.get(name)
        try:
            return base64.b64decode(cast(str, value), validate=True)
        except (TypeError, ValueError, binascii.Error) as error:
            raise RequestError(f"{name}: give bytes in base64.") from error

    def plugin(self, name: str) -> PlugIn:
        """Return a plug-in."""
        return _plugin(self._fields.get(name), name)

    def plugins(self, name: str) -> list[PlugIn]:
        """Return a list of plug-ins."""
        value = self._fields.get(name)
        if not isinstance(value, list) or len(value) > MOST_METHODS:
            raise RequestError(f"{name}: give a list of at most {MOST_METHODS}.")
        return [_plugin(one, name) for one in value]


def _plugin(value: object, name: str) -> PlugIn:
    fields = _object(value, name)
    place, parameters = fields.get("place"), _object(fields.get("parameters", {}), name)
    if not isinstance(place, int) or isinstance(place, bool):
        raise RequestError(f"{name}: place={place!r} is not a whole number.")
    if not all(isinstance(text, str) for text in parameters.values()):
        raise RequestError(f"{name}: parameters are strings.")
    return PlugIn(place, cast(Mapping[str, str], parameters))


def _object(value: object, name: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise RequestError(f"{name} is not a JSON object.")
    return value
