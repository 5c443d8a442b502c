"""The commands and their lines in `bench --help`; a command's module is imported when it is called.

So `bench --help` and every command start without the modules of the other commands.
"""

from __future__ import annotations

import importlib

import click

# Command -> the module of bench.cli that holds it, and what it is for, in a line of a terminal.
COMMANDS = {
    "check-submission": ("submissions", "Check a submission, and compute its scores again."),
    "explain": ("make", "Draw how a method completes one image."),
    "export": ("report", "Write a run as a plain folder with one CSV of its scores."),
    "fill": ("fill", "Fill the hole of one photograph, at full resolution."),
    "gallery": ("make", "Build a gallery of photographs that a method copies from."),
    "grid": ("report", "Draw runs side by side: a row for each image."),
    "handout": ("handing", "Write images and masks as files for another program."),
    "leaderboard": ("leaderboard", "Compare runs in one table."),
    "list": ("listings", "List methods, masks, datasets, metrics and suites."),
    "masks": ("listings", "Draw a pack of masks, with statistics and checksums."),
    "paint": ("paint", "Paint a hole on a page; every method fills it."),
    "run": ("run", "Run methods on a dataset's holes, score and compare them."),
    "score": ("run", "Score outputs made elsewhere, or runs by other metrics."),
    "submit": ("submissions", "Pack runs with a card of their method, to hand them in."),
    "table": ("report", "Print a paper's numbers beside ours."),
    "train": ("make", "Train a method's network, or continue its training."),
    "verify": ("report", "Run a sample of the committed results again."),
    "weights": ("listings", "List all files of weights, or fetch them."),
}


class Commands(click.Group):
    """A group of COMMANDS, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command; None for a name that is none."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"bench.cli.{COMMANDS[cmd_name][0]}")
        commands: tuple[click.Command, ...] = module.COMMANDS
        return next(command for command in commands if command.name == cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each command's line, as COMMANDS has it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])
