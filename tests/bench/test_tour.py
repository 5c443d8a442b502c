"""The tour says nothing that is not there: functions, commands, pictures, in both languages."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

import click
import pytest
from PIL import Image

from bench.cli import cli
from bench.cli.fill import fill
from docs.pictures.__main__ import PICTURES
from tests.conftest import ROOT

DOCS = ROOT / "docs"
TOURS = ("tour.md", "tour.vi.md")
FUNCTION = re.compile(r"\[`((?:bench|masks|methods)\.[\w.]+)`\]\(([\w./-]+)\)")
PICTURE = re.compile(r"!\[([^\]]+)\]\(([\w./-]+)\)")
LINK = re.compile(r"\]\(([\w./-]+)\)")
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
EQUATION = re.compile(r"\$\$.*?\$\$", re.DOTALL)


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def commands(name: str) -> list[str]:
    return [line for block in SHELL.findall(text(name)) for line in block.splitlines()]


@pytest.mark.parametrize("name", TOURS)
def test_every_function_is_in_the_file_that_is_linked(name: str) -> None:
    functions = FUNCTION.findall(text(name))
    assert len(functions) >= 25
    for dotted, link in functions:
        module, _, attribute = dotted.rpartition(".")
        imported = importlib.import_module(module)
        assert hasattr(imported, attribute), dotted
        assert Path(str(imported.__file__)) == (DOCS / link).resolve(), dotted


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_can_be_made(name: str, tmp_path: Path) -> None:
    PICTURES[name](tmp_path / f"{name}.webp")
    with (
        Image.open(tmp_path / f"{name}.webp") as made,
        Image.open(DOCS / f"tour/{name}.webp") as kept,
    ):
        assert made.size == kept.size


@pytest.mark.parametrize("name", TOURS)
def test_every_command_can_be_given(name: str) -> None:
    assert len(commands(name)) >= 20
    for line in commands(name):
        program, *words = shlex.split(line)
        if program == "bench":
            parsed(cli, words)
        elif words[1] == "docs.pictures":
            assert set(words[2:]) <= set(PICTURES), line
        else:
            script = ROOT / (words[1].replace(".", "/") + ".py")
            assert script.is_file(), line
            assert all(f'"{w}"' in script.read_text() for w in words if w.startswith("--")), line


def test_the_page_on_filling_names_commands_and_files_that_exist() -> None:
    (line,) = commands("fill.md")
    program, *words = shlex.split(line)
    assert program == "bench"
    parsed(cli, words)
    told = set(re.findall(r"`(?:\.\.\. )?(--[a-z-]+)", text("fill.md")))
    options = {o for one in fill.params for o in one.opts}
    assert {"--polarity", "--hole-colour", "--overwrite"} <= told <= options
    assert all((DOCS / link).exists() for link in LINK.findall(text("fill.md")))


def parsed(command: click.Command, words: list[str]) -> None:
    """Parse a command line as click would, without doing what it asks for."""
    while isinstance(command, click.Group):
        name, *words = words
        inner = command.get_command(click.Context(command), name)
        assert inner is not None, name
        command = inner
    command.make_context("bench", list(words))


@pytest.mark.parametrize("name", TOURS)
def test_every_link_leads_somewhere(name: str) -> None:
    assert all((DOCS / link).exists() for link in LINK.findall(text(name)))


@pytest.mark.parametrize("name", TOURS)
def test_every_picture_is_shown_and_told_in_words(name: str) -> None:
    shown = {link: told for told, link in PICTURE.findall(text(name))}
    assert set(shown) == {f"tour/{picture}.webp" for picture in PICTURES}
    assert all(len(told) > 20 for told in shown.values())


def test_the_pictures_are_there_and_small() -> None:
    files = sorted((DOCS / "tour").iterdir())
    assert {file.stem for file in files} == set(PICTURES)
    assert sum(file.stat().st_size for file in files) < 900_000
    for file in files:
        with Image.open(file) as picture:
            assert picture.width >= 600
            assert picture.height >= 250


def test_both_languages_have_the_same_stations() -> None:
    english, vietnamese = (text(name) for name in TOURS)
    for pattern in (FUNCTION, EQUATION, SHELL):
        assert pattern.findall(english) == pattern.findall(vietnamese)
    links = [[link for _, link in PICTURE.findall(page)] for page in (english, vietnamese)]
    assert links[0] == links[1]
    numbers = [re.findall(r"^## (\d+)\.", page, re.MULTILINE) for page in (english, vietnamese)]
    assert numbers[0] == numbers[1] == [str(i) for i in range(1, 12)]


@pytest.mark.parametrize("name", ["posterior", "glcic"])
def test_a_picture_is_made_by_its_command(name: str, tmp_path: Path) -> None:
    PICTURES[name](tmp_path / f"{name}.webp")
    kept = DOCS / f"tour/{name}.webp"
    with Image.open(tmp_path / f"{name}.webp") as made, Image.open(kept) as shown:
        assert made.size == shown.size
        assert len(made.getcolors(10**7)) > 100  # type: ignore[arg-type]
