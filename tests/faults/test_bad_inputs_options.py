"""Every option with a wrong value: one line that names it, exit code 2, and nothing written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from bench.cli import cli, main
from tests.faults.running import go, make_runs
from tests.faults.wrong_options import RUNS, WRONG


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The folders that are there."""
    out = tmp_path_factory.mktemp("there")
    path = go(make_runs("telea", "half", "photos", limit=1), out).path
    images = path / "images"
    photo = next((images / "target").glob("*.png"))
    return {RUNS: str(out), "OUTPUTS": str(images / "output"), "PHOTO": str(photo)}


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_a_wrong_value_is_one_line(
    arguments: list[str],
    message: str,
    folders: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main([folders.get(argument, argument) for argument in arguments])
    captured = capsys.readouterr()
    assert ended.value.code == 2
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == []


def test_every_option_that_takes_a_value_is_tried() -> None:
    untried = []
    for name, command in _commands(cli):
        words = name.split()
        tried = {word for arguments, _ in WRONG for word in arguments if arguments[0] == words[0]}
        options = [p for p in command.params if isinstance(p, click.Option) and not p.is_flag]
        untried += [f"{name} {p.opts[0]}".strip() for p in options if p.opts[0] not in tried]
    # Any text will do for the labels: test_faults_trust tries scripts in them.  What is wrong with
    # a submission is tried in tests/bench/submission.
    assert untried == [
        "check-submission --archives",
        "check-submission --dataset",
        "leaderboard --label",
        "leaderboard --caption",
        "score --name",
        "score --licence",
    ]


def _commands(command: click.Command, name: str = "") -> list[tuple[str, click.Command]]:
    """Return the commands below a group, with their names."""
    if not isinstance(command, click.Group):
        return [(name, command)]
    context = click.Context(command)
    inner = {word: command.get_command(context, word) for word in command.list_commands(context)}
    return [c for word, sub in inner.items() if sub for c in _commands(sub, f"{name} {word}")]
