"""The table of commands agrees with the modules that hold them, and its lines fit a terminal."""

from __future__ import annotations

import importlib
import pkgutil

import click
import pytest

import bench.cli
from bench.cli import cli
from bench.cli.commands import COMMANDS
from tests.conftest import Bench


def commands_of(module: str) -> tuple[click.Command, ...]:
    """Return the commands that a module of bench.cli holds."""
    loaded = importlib.import_module(f"bench.cli.{module}")
    return () if module == "commands" else getattr(loaded, "COMMANDS", ())


def test_the_table_names_every_command_and_where_it_is() -> None:
    modules = [module.name for module in pkgutil.iter_modules(bench.cli.__path__)]
    held = {
        command.name: module
        for module in modules
        if module != "__main__"
        for command in commands_of(module)
    }
    assert held == {name: module for name, (module, _) in COMMANDS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_imported_by_its_name(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_help_has_a_line_for_each_command(here: Bench) -> None:
    lines = here("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == sorted(COMMANDS)
    assert all(len(line) <= 80 for line in lines)


def test_an_unknown_command_is_refused_in_one_line(here: Bench) -> None:
    done = here("scor")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: No such command 'scor'.")
    assert done.stderr.count("\n") == 1
