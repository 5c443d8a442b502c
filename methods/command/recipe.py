"""Read what to run: a command line with placeholders, or a TOML file with more settings."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import get_args

from bench.api import RequestError
from bench.api.exchange import LAYOUTS, POLARITIES, Layout, LayoutName, Polarity
from methods.common.hidden import Hidden

# The placeholders of a command line and its environment.
PLACEHOLDERS = {
    "images": "the folder of images",
    "masks": "the folder of masks",
    "outputs": "the folder that the outputs go to",
    "image": "one image: the program is started for each",
    "mask": "its mask",
    "output": "the file its output goes to",
    "seed": "a whole number below 2**31, of the group's first image",
    "seeds": "a text file, a line per image: the name of its files and its seed",
    "device": "cpu, cuda or cuda:N",
}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# The files of these programs do not identify a method: its script is another argument.
_INTERPRETERS = re.compile(r"(python|pypy|perl|ruby|node|julia|java|bash|sh|zsh|env)[\d.]*")
HIDDEN: tuple[Hidden, ...] = get_args(Hidden)


@dataclass(frozen=True)
class Recipe:
    """A program and how it is called.

    argv: with placeholders.  directory: where it is started.  environment: variables besides those
    of this process, with placeholders.  files: files and folders that decide its outputs, besides
    those among its arguments.  group: images per start; None leaves it to --batch-size.
    hidden: the content of the hole in its images: black, grey (128), or the mean of known pixels.
    name, licence: for tables; no part of its identity.
    """

    argv: tuple[str, ...]
    name: str = ""
    licence: str = ""
    version: str = ""
    directory: Path = Path()
    environment: Mapping[str, str] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    group: int | None = None
    layout: LayoutName = "plain"
    polarity: Polarity | None = None
    hidden: Hidden = "black"

    @property
    def files_layout(self) -> Layout:
        """The layout of the files."""
        return LAYOUTS[self.layout]

    @property
    def one_by_one(self) -> bool:
        """Whether the program is started for each image."""
        return "image" in self._asked_for()

    @property
    def seeded(self) -> bool:
        """Whether the program gets a seed."""
        return bool({"seed", "seeds"} & self._asked_for())

    def check(self) -> None:
        """Raise RequestError for a program that cannot be started, or lacks a placeholder."""
        if not self.argv:
            raise RequestError("no program was given. Write command:PROGRAM {images} ... {outputs}")
        asked = self._asked_for()
        if unknown := sorted(asked - PLACEHOLDERS.keys()):
            raise RequestError(
                f"{{{unknown[0]}}} is no placeholder; allowed: "
                + ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            )
        together = self.files_layout.images == self.files_layout.masks
        needed = {"images", "outputs"} | (set() if together else {"masks"})
        if "image" in asked:
            needed = {"image", "mask", "output"}
        if lacking := sorted(needed - asked):
            raise RequestError(
                f"the placeholder {{{lacking[0]}}} is missing: {PLACEHOLDERS[lacking[0]]}; "
                "a program gets {images}, {masks} and {outputs}, or {image}, {mask} and {output}"
            )
        self.program()
        for path in self.files:
            if not path.exists():
                raise RequestError(f"files: there is no {path}; give files that decide the outputs")

    def program(self) -> str:
        """Return the program's file; raises RequestError when there is none."""
        name = self.argv[0]
        if "/" in name:
            path = self.directory / name
            program = str(path.absolute()) if os.access(path, os.X_OK) and path.is_file() else None
        else:
            program = shutil.which(name)
        if program is None:
            raise RequestError(
                f"there is no program {name!r} that can be run; give one of the PATH, or its file"
            )
        return program

    def assets(self) -> dict[str, str]:
        """Return hashes of what decides the outputs: the command, and the files in it."""
        words = [_INTERPRETERS.sub(r"\1", Path(self.argv[0]).name)]
        hashes: dict[str, str] = {}
        for place, word in enumerate(self.argv):
            path = self._file_in(word)
            interpreter = place == 0 and _INTERPRETERS.fullmatch(Path(word).name)
            if path is not None and not interpreter and (place > 0 or "/" in word):
                hashes[path.name] = hash_of(path)
                word = word.replace(str(path), path.name) if place else path.name
            if place > 0:
                words.append(word)
        for path in self.files:
            hashes[path.name] = hash_of(path)
        said = [words, sorted(self.environment.items()), self.version, self.layout, self.hidden]
        text = json.dumps([*said, self.polarity])
        return {"command": hashlib.sha256(text.encode()).hexdigest(), **hashes}

    def _file_in(self, word: str) -> Path | None:
        """Return the file that an argument names, also as --key=FILE."""
        for text in (word, word.partition("=")[2]):
            path = self.directory / text
            if text and path.is_file():
                return path
        return None

    def _asked_for(self) -> set[str]:
        words = [*self.argv, *self.environment.values(), *self.files_layout.environment.values()]
        return {name for word in words for name in _PLACEHOLDER.findall(word)}


def fill(text: str, values: Mapping[str, str]) -> str:
    """Return a text with its placeholders filled."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)


def hash_of(path: Path) -> str:
    """Return the sha256 of a file, or over names and contents of a folder's files."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    digest = hashlib.sha256()
    for inner in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(f"{inner.relative_to(path).as_posix()}\0{hash_of(inner)}\n".encode())
    return digest.hexdigest()


def from_words(text: str) -> tuple[str, ...]:
    """Split a command line as a shell would; no shell runs it.  Raises RequestError."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise RequestError(f"the command line cannot be split ({error}): {text}") from error


def read_recipe(path: Path) -> Recipe:
    """Read a TOML file; relative paths are relative to its folder.  Raises RequestError."""
    try:
        loaded = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise RequestError(f"{path} cannot be read as TOML ({error})") from error
    allowed = {"command" if entry.name == "argv" else entry.name for entry in fields(Recipe)}
    if unknown := sorted(loaded.keys() - allowed):
        listed = ", ".join(sorted(allowed))
        raise RequestError(f"{path}: unknown key {unknown[0]!r}; allowed: {listed}")
    command = loaded.pop("command", "")
    here = path.absolute().parent
    loaded["directory"] = here / str(loaded.get("directory", "."))
    loaded["files"] = tuple(here / str(name) for name in _list(loaded.get("files", []), path))
    _check_choices(loaded, path)
    if isinstance(command, str):
        return Recipe(from_words(command), **loaded)
    if not isinstance(command, list):
        raise RequestError(f"{path}: command = {command!r} is neither a text nor a list of words")
    return Recipe(tuple(map(str, command)), **loaded)


def _list(value: object, path: Path) -> Iterable[object]:
    if not isinstance(value, list):
        raise RequestError(f"{path}: files is no list; write files = ['weights.pt']")
    return value


def _check_choices(loaded: Mapping[str, object], path: Path) -> None:
    """Raise RequestError for a value that is none of those allowed."""
    choices = {"layout": tuple(LAYOUTS), "polarity": POLARITIES, "hidden": HIDDEN}
    for key, allowed in choices.items():
        if key in loaded and loaded[key] not in allowed:
            listed = ", ".join(allowed)
            raise RequestError(f"{path}: {key} = {loaded[key]!r} is not one of {listed}")
    _check_texts(loaded, path)
    group = loaded.get("group", 1)
    if not isinstance(group, int) or group < 1:
        raise RequestError(f"{path}: group = {group!r} is no number of images from 1 on")


def _check_texts(loaded: Mapping[str, object], path: Path) -> None:
    """Raise RequestError for a value that should be a text and is not."""
    for key in ("name", "licence", "version"):
        if not isinstance(loaded.get(key, ""), str):
            raise RequestError(f"{path}: {key} = {loaded[key]!r} is no text")
    environment = loaded.get("environment", {})
    if not isinstance(environment, dict) or not all(
        isinstance(v, str) for v in environment.values()
    ):
        raise RequestError(f"{path}: environment is no table of texts")
