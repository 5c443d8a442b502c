"""method.json: a card of the method, its authors, licences and training data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from bench.api import RequestError

SCHEMA_VERSION = 1
KINDS = ("shipped", "program", "exported", "pipeline", "outputs", "other")
SEEN = ("yes", "no", "unknown")


def read_card(path: Path) -> dict[str, object]:
    """Read a card; raises RequestError that lists everything wrong with it."""
    try:
        loaded = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RequestError(f"{path} cannot be read as JSON ({error})") from error
    if wrong := problems(loaded):
        raise RequestError(f"{path}: {'; '.join(wrong)}")
    return dict(loaded)


def problems(card: object) -> list[str]:
    """Return what is wrong with a card; empty when nothing is."""
    if not isinstance(card, dict):
        return ["it is no JSON object"]
    wrong = [f"{key} is missing: {told}" for key, (_, told) in REQUIRED.items() if key not in card]
    entries = {**REQUIRED, **OPTIONAL}
    for key, value in card.items():
        if key not in entries:
            wrong.append(f"unknown key {key!r}")
        elif not entries[key][0](value):
            wrong.append(f"{key} = {value!r} is not {entries[key][1]}")
    return wrong


def licence_of(card: Mapping[str, object]) -> str:
    """Return the licence for tables: that of the code, and that of the weights if it differs."""
    code, weights = str(card["licence_code"]), str(card["licence_weights"])
    return code if weights in {code, "none"} else f"{code} / {weights}"


def template() -> dict[str, object]:
    """Return a card to fill in: each key with a description of its value."""
    hints: dict[str, object] = {key: f"<{told}>" for key, (_, told) in REQUIRED.items()}
    return {**hints, "schema": SCHEMA_VERSION}


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and not value.startswith("<")


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _or_null(check: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or check(value)


def _table(value: object, check: Callable[[object], bool]) -> bool:
    return isinstance(value, dict) and all(map(check, value.values()))


def _rows(value: object, keys: set[str]) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) and set(v) == keys for v in value)


Rule = tuple[Callable[[object], bool], str]
REQUIRED: Mapping[str, Rule] = {
    "schema": (lambda v: v == SCHEMA_VERSION, f"the number {SCHEMA_VERSION}"),
    "name": (_text, "the method's name in tables"),
    "version": (_text, "its version, a tag or a date"),
    "kind": (lambda v: v in KINDS, f"one of {', '.join(KINDS)}"),
    "code": (
        lambda v: v is None or (isinstance(v, dict) and set(v) == {"url", "commit"}),
        "an object of url and commit, or null",
    ),
    "licence_code": (_text, "the licence of the code, or unknown"),
    "licence_weights": (_text, "the licence of the weights, none or unknown"),
    "weights": (lambda v: _rows(v, {"file", "sha256", "url"}), "a list of file, sha256 and url"),
    "training_data": (lambda v: v == "unknown" or _texts(v), "a list of names, or unknown"),
    "saw_test": (
        lambda v: _table(v, lambda seen: seen in SEEN),
        "an object, dataset: yes, no or unknown",
    ),
    "used_truth": (
        lambda v: v is False or _text(v),
        "false, or how what is in the hole was used",
    ),
    "tuned_on": (_text, "what the parameters were chosen on"),
    "sample_choice": (lambda v: v == "first", "the word first: the best of several is no result"),
    "hardware": (_text, "the machine that ran it"),
    "submitter": (_text, "who submits"),
    "is_author": (lambda v: isinstance(v, bool), "true or false: whether that is an author"),
}
OPTIONAL: Mapping[str, Rule] = {
    "paper": (_text, "a reference"),
    "reported": (
        lambda v: _rows(v, {"metric", "value", "source"}),
        "a list of metric, value, source",
    ),
    "prompt": (lambda v: isinstance(v, str), "a text"),
    "steps": (lambda v: isinstance(v, int), "a whole number"),
    "strength": (lambda v: isinstance(v, int | float), "a number"),
    "fill": (_text, "a text"),
    "adapted_from": (_or_null(_text), "a name, or null"),
    "superseded_by": (_or_null(_text), "a name, or null"),
    "notes": (_text, "a text"),
}
