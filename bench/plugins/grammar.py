"""How plug-ins are written as text: one grammar for the command line, suites and tables.

    list        item ("," item)*             a piece that holds "=" continues the item before it
    item        NAME [":" parameters]        or "pkg.mod:Class[:parameters]"
                NAME ":" item                of a plug-in that is another one, used otherwise
    parameters  [PATH ","] key=value ("," key=value)*

PATH is the value of the field that the plug-in's `positional` names.  It is literal: its commas and
equals signs are kept, up to the last run of ",key=value" pieces.  In a list, its commas are kept
where a file or folder of that name is there.
"""

from __future__ import annotations

import difflib
import os
import types
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.api import RequestError


def split_list(texts: Iterable[str]) -> list[str]:
    """Split lists into their items: "ddpm:steps=50,jump_samples=5,telea" is two.

    A path keeps its commas where there is such a file or folder, as in "folder:a,b,telea".
    """
    items: list[str] = []
    for text in texts:
        own: list[str] = []
        pieces = text.split(",")
        while pieces:
            taken = _path_pieces(pieces)
            piece = ",".join(pieces[:taken])
            del pieces[:taken]
            if own and taken == 1 and _continues(piece):
                own[-1] += f",{piece}"
            elif piece.strip():
                own.append(piece.strip())
        items += own
    return items


def _continues(piece: str) -> bool:
    """Return whether a piece of a list belongs to the item before it: no name holds a blank."""
    if " " in piece.strip() or "{" in piece:
        return True
    return "=" in piece and ":" not in piece.split("=", 1)[0]


def _path_pieces(pieces: Sequence[str]) -> int:
    """Return how many pieces an item's path has: the most that are the path of something there."""
    _, colon, start = pieces[0].partition(":")
    if not colon or len(pieces) == 1:
        return 1
    start = start.partition("=")[2] if start.startswith("path=") else start
    paths = (",".join([start, *pieces[1:n]]) for n in range(len(pieces), 1, -1))
    there = (os.path.exists(os.path.expanduser(path)) for path in paths)
    return next((len(pieces) - k for k, exists in enumerate(there) if exists), 1)


def split_parameters(
    text: str, *, positional: str | None = None, names: Collection[str] = ()
) -> list[tuple[str, str]]:
    """Split "PATH,key=value,..." into (key, value) pairs; the PATH's key is `positional`.

    names: the keys that the plug-in has; with one of them first, there is no PATH.
    Raises RequestError for a piece without "=".
    """
    pairs = []
    key, equals, _ = text.partition("=")
    if text and positional and not (equals and key in names and key != positional):
        pieces = text.removeprefix(f"{positional}=").split(",")
        end = len(pieces)
        while end > 1 and _is_pair(pieces[end - 1]):
            end -= 1
        pairs.append((positional, ",".join(pieces[:end])))
        text = ",".join(pieces[end:])
    for piece in filter(None, text.split(",")):
        key, equals, value = piece.partition("=")
        if not equals:
            raise RequestError(f"{piece!r} is not key=value")
        pairs.append((key, value))
    return pairs


def names_in(text: str) -> dict[str, str]:
    """Return the pieces of parameters that hold "=", as they stand, whatever a PATH may be."""
    pieces = (piece.partition("=") for piece in text.split(","))
    return {key: value for key, equals, value in pieces if equals}


def _is_pair(piece: str) -> bool:
    key, equals, _ = piece.partition("=")
    return bool(equals) and key.isidentifier()


def convert(key: str, text: str, hint: Any) -> Any:
    """Turn a parameter's text into the type its field declares; raises RequestError."""
    options = typing.get_args(hint) if is_union(hint) else (hint,)
    if type(None) in options and text.lower() == "none":
        return None
    for option in (o for o in options if o is not type(None)):
        try:
            return _convert_to(text, option)
        except RequestError:
            raise
        except ValueError:
            continue
    allowed = " or ".join(getattr(o, "__name__", str(o)) for o in options)
    raise RequestError(f"Parameter {key}={text!r} is not of type {allowed}.")


def _convert_to(text: str, option: Any) -> Any:
    """Turn text into one type; raises ValueError when another may be tried."""
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


def is_union(hint: Any) -> bool:
    """Return whether a type is a union, such as `Path | None`."""
    return typing.get_origin(hint) in {typing.Union, types.UnionType}


def name_with(name: str, parameters: Mapping[str, object]) -> str:
    """Return "name:key=value,..."; the name alone without parameters."""
    pairs = ",".join(f"{key}={_plain(value)}" for key, value in parameters.items())
    return f"{name}:{pairs}" if pairs else str(name)


def _plain(value: object) -> str:
    """Return a value as it is typed on the command line; a tuple and a JSON list look alike."""
    if isinstance(value, (list, tuple)):
        return "/".join(map(_plain, value))
    return str(value)


def did_you_mean(text: str, candidates: Iterable[str]) -> str:
    """Return " Did you mean 'x'?" or an empty string."""
    close = difflib.get_close_matches(text, list(candidates), n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
