"""The README's examples, run as they stand there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import torch

from bench import plugins
from bench.api import checks
from tests.conftest import ROOT, Bench

README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
SHELL = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def test_the_example_plugins_run_beside_shipped_ones(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "my_plugins.py").write_text(PYTHON[0], encoding="utf-8")
    program, *arguments = shlex.split(SHELL[0])
    assert program == "bench"
    done = bench(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mean-fill" in done.stdout
    assert "WorstPixel" in done.stdout
    assert len(list((tmp_path / "results/runs").glob("*-stripe-ramps-*/summary.json"))) == 2


def test_the_example_plugins_keep_the_contracts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "readme_plugins.py").write_text(PYTHON[0], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    checks.check_method(plugins.method("readme_plugins:MeanFill:gain=0.5"))
    checks.check_mask(plugins.mask("readme_plugins:Stripe"))
    checks.check_dataset(plugins.dataset("readme_plugins:Ramps"))
    metric = plugins.metric("readme_plugins:WorstPixel")
    assert callable(metric)
    checks.check_image_metric(metric)


def test_the_python_examples_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for example in PYTHON[1:3]:
        exec(compile(example, "README.md", "exec"), names)
    assert "navier-stokes" in capsys.readouterr().out
    score = names["score"]
    assert isinstance(score, torch.Tensor)
    assert 5 < float(score) < 60


def test_every_command_of_the_readme_exists(bench: Bench) -> None:
    shown = bench("--help").stdout
    used = set(re.findall(r"`bench ([a-z]+)", README))
    assert used >= {"run", "score", "grid", "masks", "table"}
    for command in used:
        assert f"\n  {command} " in shown, command
