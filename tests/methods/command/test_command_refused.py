"""Command lines and TOML files that are refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import plugins
from bench.api import RequestError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "command is required"),
        ("no-such-program {images} {masks} {outputs}", "no program 'no-such-program'"),
        ("./no-such-file {images} {masks} {outputs}", "no program './no-such-file'"),
        ("python p.py {images} {masks}", r"placeholder \{outputs\} is missing"),
        ("python p.py {images} {outputs}", r"placeholder \{masks\} is missing"),
        ("python p.py {image} {output}", r"placeholder \{mask\} is missing"),
        ("python p.py {images} {masks} {out}", r"\{out\} is no placeholder; allowed: \{images\}"),
        ("python 'p.py {images} {masks} {outputs}", "cannot be split"),
        ("nowhere.toml", "nowhere.toml cannot be read as TOML"),
        ("python p.py {images} {masks} {outputs},layout=mats", "'mats' is not one of plain, lama"),
        ("python p.py {images} {masks} {outputs},size=3", "Unknown parameter 'size'"),
    ],
)
def test_a_command_that_cannot_work_is_refused_before_anything_runs(
    words: str, message: str
) -> None:
    with pytest.raises(RequestError, match=message) as refused:
        plugins.method(f"command:{words}")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("command = 3", "neither a text nor a list"),
        ("command = []", "no program"),
        ("commands = 'x'", "unknown key 'commands'; allowed: command, directory"),
        ("command = 'sh {images} {masks} {outputs}'\nlayout = 'x'", "layout = 'x' is not one of"),
        ("command = 'sh {images} {masks} {outputs}'\ngroup = 0", "group = 0 is no number"),
        ("command = 'sh {images} {masks} {outputs}'\nfiles = ['no']", "there is no"),
        ("command = 'sh {images} {masks} {outputs}'\nfiles = 'no'", "files is no list"),
        ("command = 'sh {images} {masks} {outputs}'\nenvironment = 'no'", "no table"),
        ("command = ", "cannot be read as TOML"),
    ],
)
def test_a_recipe_that_says_nonsense_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(RequestError, match=message):
        plugins.method(f"command:{tmp_path / 'r.toml'}")


def test_a_list_keeps_a_command_whole() -> None:
    words = "command:python p.py --levels 1,2 {images} {masks} {outputs},name=Mine,telea"
    assert plugins.split_list([words]) == [words.removesuffix(",telea"), "telea"]
