"""Every option with a wrong value: one line that names it, exit code 2, and nothing written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from bench.cli import cli, main
from tests.faults.running import go, make_runs

RUN = ["run", "--method", "telea", "--mask", "half"]
SCORE = ["score", "--outputs", "OUTPUTS", "--dataset", "photos", "--mask", "half", "--limit", "1"]
TRAIN = ["train", "ddpm", "--dataset", "photos", "--out", "x"]
RUNS = "RUNS"  # stands for the folder of a run of one image, OUTPUTS for that of its output
WRONG = [
    ([*RUN[:1], "--mask", "half", "--method", ""], "No method"),
    ([*RUN[:3], "--mask", ","], "No mask"),
    ([*RUN, "--method", "telea:radius=big"], "radius='big' is not of type float"),
    ([*RUN, "--method", "telea:radius=-1"], "radius"),
    ([*RUN, "--method", "telea:nonsense=1"], "Unknown parameter 'nonsense'"),
    ([*RUN, "--method", "no.such.module:Class"], "Cannot load"),
    ([*RUN, "--method", "os:path"], "not a dataclass"),
    ([*RUN, "--method", "ddpm:path=/nonexistent/x.safetensors"], "x.safetensors"),
    ([*RUN, "--method", "../../etc/passwd"], "Unknown method"),
    ([*RUN, "--mask", "irregular:bin=200-300"], "bin"),
    ([*RUN, "--mask", "folder:/nonexistent"], "/nonexistent"),
    ([*RUN, "--dataset", "folder:/nonexistent"], "/nonexistent"),
    ([*RUN, "--dataset", "nonsense"], "Unknown dataset 'nonsense'"),
    ([*RUN, "--dataset", ""], "Unknown dataset"),
    ([*RUN, "--dataset", "folder:/dev/null"], "is a file"),
    ([*RUN, "--size", "-1"], "--size"),
    ([*RUN, "--size", "1.5"], "--size"),
    ([*RUN, "--size", "1000000000"], "size=1000000000"),
    ([*RUN, "--limit", "0"], "--limit"),
    ([*RUN, "--limit", "all"], "--limit"),
    ([*RUN, "--seed", "-1"], "--seed '-1'"),
    ([*RUN, "--seed", "1,,2"], "--seed '1,,2'"),
    ([*RUN, "--seed", str(2**63)], "--seed"),
    ([*RUN, "--mask-seed", "-1"], "--mask-seed"),
    ([*RUN, "--samples", "0"], "--samples"),
    ([*RUN, "--metrics", "nonsense"], "Unknown metric 'nonsense'"),
    ([*RUN, "--metrics", "l1:x=1"], "Unknown parameter 'x'"),
    ([*RUN, "--precision", "fp8"], "precision='fp8'"),
    ([*RUN, "--device", "cuda:99"], "device='cuda:99'"),
    ([*RUN, "--device", "tpu"], "device='tpu'"),
    ([*RUN, "--batch-size", "0"], "--batch-size"),
    ([*RUN, "--workers", "0"], "--workers"),
    ([*RUN, "--executor", "mpi"], "--executor"),
    ([*RUN, "--scheduler", "tcp://127.0.0.1:1"], "--executor dask"),
    ([*RUN, "--timeout", "0"], "--timeout"),
    ([*RUN, "--timeout", "nan"], "timeout"),
    ([*RUN, "--out", "/dev/null"], "--out"),
    ([*RUN, "--suite", "../../x"], "Unknown suite '../../x'"),
    ([*RUN, "extra"], "extra"),
    (["score", "--outputs", "/dev/null"], "--outputs"),
    (["score", "/nonexistent"], "/nonexistent"),
    ([*SCORE, "--layout", "nonsense"], "looked for as nonsense"),
    ([*SCORE, "--dataset", "nonsense"], "Unknown dataset 'nonsense'"),
    ([*SCORE, "--mask", "nonsense"], "Unknown mask 'nonsense'"),
    ([*SCORE, "--size", "0"], "--size"),
    ([*SCORE, "--limit", "0"], "--limit"),
    ([*SCORE, "--mask-seed", "-1"], "--mask-seed"),
    ([*SCORE, "--metrics", "nonsense"], "Unknown metric 'nonsense'"),
    ([*SCORE, "--out", "/dev/null"], "--out"),
    (["leaderboard", "/nonexistent"], "/nonexistent"),
    (["leaderboard", RUNS, "--format", "nonsense"], "nonsense"),
    (["leaderboard", RUNS, "--metrics", "nonsense"], "nonsense"),
    (["leaderboard", RUNS, "--pictures", "-1"], "--pictures"),
    (["leaderboard", RUNS, "--out", "."], "--out"),
    (["leaderboard", RUNS, "--out", "/dev/null/x"], "/dev/null"),
    (["table", "nonsense"], "nonsense"),
    (["table", "repaint-celebahq", "--run", "--method", "nonsense"], "not on this machine"),
    (["table", "repaint-celebahq", "--out", "."], "--out"),
    (["grid", "/nonexistent"], "/nonexistent"),
    (["grid", RUNS, "--count", "0"], "--count"),
    (["grid", RUNS, "--out", "."], "--out"),
    (["grid", RUNS, "--out", "/dev/null/x.png"], "/dev/null"),
    (["export", "/nonexistent", "--out", "x"], "/nonexistent"),
    (["export", ".", "--out", "x"], "manifest.json"),
    (["verify", "/nonexistent"], "/nonexistent"),
    (["verify", "--count", "0"], "--count"),
    (["masks", "half", "--count", "0", "--out", "x"], "--count"),
    (["masks", "half", "--size", "1", "--out", "x"], "--size"),
    (["masks", "half", "--seed", "-1", "--out", "x"], "--seed"),
    (["masks", "half", "--out", "/dev/null"], "/dev/null"),
    (["masks", "half"], "--out"),
    (["masks", "half", "--dataset", "nonsense", "--out", "x"], "Unknown dataset 'nonsense'"),
    (["list", "nonsense"], "nonsense"),
    (["weights", "nonsense"], "nonsense"),
    (["explain", "nonsense"], "nonsense"),
    (["explain", "patchmatch", "--image", "/nonexistent.png"], "--image /nonexistent.png"),
    (["explain", "patchmatch", "--mask", "nonsense"], "Unknown mask 'nonsense'"),
    (["explain", "patchmatch", "--size", "1"], "--size"),
    (["explain", "patchmatch", "--seed", "-1"], "--seed"),
    (["explain", "patchmatch", "--out", "."], "--out"),
    (["explain", "scenecompletion:/nonexistent"], "/nonexistent"),
    (["explain", "telea"], "These can: patchmatch, scenecompletion, ddpm"),
    (["train", "telea", "--dataset", "photos", "--out", "x"], "These can: ddpm, glcic"),
    (["gallery", "build", "/nonexistent", "--out", "x"], "/nonexistent"),
    (["gallery", "build", "--dataset", "nonsense", "--out", "x"], "Unknown dataset 'nonsense'"),
    (["gallery", "build", ".", "--side", "1", "--out", "x"], "--side"),
    (["train", "nonsense", "--dataset", "photos", "--out", "x"], "Unknown method 'nonsense'"),
    (["train", "ddpm", "--dataset", "nonsense", "--out", "x"], "Unknown dataset 'nonsense'"),
    (["train", "ddpm", "--dataset", "photos", "--out", "/dev/null"], "/dev/null"),
    ([*TRAIN, "--config", "nonsense"], "nonsense"),
    ([*TRAIN, "--mask", "nonsense"], "Unknown mask 'nonsense'"),
    ([*TRAIN, "--held-out", "-1"], "--held-out"),
    ([*TRAIN, "--held-out", "100000"], "none is left"),
    ([*TRAIN, "--set", "nonsense=1"], "Unknown parameter 'nonsense'"),
    ([*TRAIN, "--start", "."], "--start"),
    ([*TRAIN, "--steps", "0"], "--steps"),
    ([*TRAIN, "--minutes", "0"], "--minutes"),
    ([*TRAIN, "--device", "tpu"], "device='tpu'"),
    ([*TRAIN, "--seed", "-1"], "--seed"),
    ([*TRAIN, "--precision", "fp8"], "--precision"),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The folders that are there."""
    out = tmp_path_factory.mktemp("there")
    path = go(make_runs("telea", "half", "photos", limit=1), out).path
    return {RUNS: str(out), "OUTPUTS": str(path / "images" / "output")}


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
    assert untried == ["score --name"]  # any text will do; test_faults_trust tries scripts


def _commands(command: click.Command, name: str = "") -> list[tuple[str, click.Command]]:
    """Return the commands below a group, with their names."""
    if not isinstance(command, click.Group):
        return [(name, command)]
    context = click.Context(command)
    inner = {word: command.get_command(context, word) for word in command.list_commands(context)}
    return [c for word, sub in inner.items() if sub for c in _commands(sub, f"{name} {word}")]
