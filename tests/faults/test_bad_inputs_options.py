"""Every option with a wrong value: one line that names it, exit code 2, and nothing written."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from bench.cli import cli, main

RUN = ["run", "--method", "telea", "--mask", "half"]
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
    (["leaderboard", "/nonexistent"], "/nonexistent"),
    (["table", "nonsense"], "nonsense"),
    (["grid", "/nonexistent"], "/nonexistent"),
    (["export", "/nonexistent", "--out", "x"], "/nonexistent"),
    (["masks", "half", "--count", "0", "--out", "x"], "--count"),
    (["masks", "half"], "--out"),
    (["list", "nonsense"], "nonsense"),
    (["weights", "nonsense"], "nonsense"),
    (["explain", "nonsense"], "nonsense"),
    (["gallery", "build", "/nonexistent", "--out", "x"], "/nonexistent"),
    (["train", "nonsense"], "nonsense"),
    (
        ["train", "ddpm", "--dataset", "photos", "--config", "nonsense", "--out", "x"],
        "nonsense",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_a_wrong_value_is_one_line(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    captured = capsys.readouterr()
    assert ended.value.code == 2
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == []


def test_every_option_of_run_that_takes_a_value_is_tried() -> None:
    tried = {argument for arguments, _ in WRONG for argument in arguments}
    command = cli.commands["run"]
    options = [p for p in command.params if isinstance(p, click.Option) and not p.is_flag]
    assert {option.opts[0] for option in options} <= tried
