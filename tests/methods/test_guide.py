"""The guide to other people's methods says what the code takes."""

from __future__ import annotations

import dataclasses
import re
import tomllib

from bench.api.exchange import LAYOUTS
from bench.cli.commands import COMMANDS
from methods import METHODS
from methods.command.recipe import PLACEHOLDERS, Recipe
from tests.conftest import ROOT

GUIDE = (ROOT / "methods/YOUR_METHOD.md").read_text("utf-8")
SUBMISSIONS = (ROOT / "results/SUBMISSIONS.md").read_text("utf-8")


def test_the_recipe_of_the_guide_has_known_keys_and_placeholders() -> None:
    (block,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    recipe = tomllib.loads(block)
    assert set(recipe) <= {"command", *(f.name for f in dataclasses.fields(Recipe))}
    assert set(re.findall(r"\{(\w+)\}", recipe["command"])) == {"images", "masks", "outputs"}
    assert recipe["layout"] in LAYOUTS


def test_every_placeholder_preset_and_command_is_told() -> None:
    presets = {n for n, target in METHODS.items() if "exported.presets" in target}
    assert all(f"`{name}`" in GUIDE for name in presets)
    told = set(re.findall(r"\{(\w+)\}", GUIDE))
    assert told <= PLACEHOLDERS.keys()
    assert told >= {"images", "masks", "outputs", "seeds", "image", "mask", "output"}
    used = set(re.findall(r"\bbench ([a-z][a-z-]+) ", GUIDE + SUBMISSIONS)) - {"and"}
    assert used >= {"run", "handout", "score", "submit", "check-submission"}
    assert used <= COMMANDS.keys()
