"""The shared training loop: exact resume, logs, grids, averages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from bench.api import RequestError
from methods.common import checkpoints
from methods.common.distributed import Process, joined
from methods.common.ema import Ema
from methods.common.initial import initialise
from methods.common.training import Plan, fit
from methods.common.training_log import save_grid
from tests.conftest import wait_until
from tests.methods.toy import SILENT, Toy, weights

ROOT = Path(__file__).parents[2]


def test_a_resumed_run_ends_with_the_same_bytes(tmp_path: Path) -> None:
    whole, first, second = Toy(), Toy(), Toy()
    assert fit(whole, Plan(12, log_every=5), tmp_path / "whole", Process(), **SILENT) == 12
    fit(first, Plan(7, log_every=5), tmp_path / "parts", Process(), **SILENT)
    assert weights(first) != weights(whole)
    assert fit(second, Plan(12, log_every=5), tmp_path / "parts", Process(), **SILENT) == 12
    assert weights(second) == weights(whole)


def test_the_log_continues_and_loses_what_the_checkpoint_has_not_seen(tmp_path: Path) -> None:
    fit(Toy(), Plan(10, log_every=5), tmp_path, Process(), **SILENT)
    log = tmp_path / "log.csv"
    with log.open("a") as file:
        file.write("15,0.1,9.0\n18,0")  # a later row, and one torn by a kill
    fit(Toy(), Plan(20, log_every=5), tmp_path, Process(), **SILENT)
    rows = [line.split(",") for line in log.read_text().splitlines()]
    assert rows[0] == ["step", "seconds", "loss"]
    assert [row[0] for row in rows[1:]] == ["5", "10", "15", "20"]
    assert rows[3][2] != "9.0"


def test_another_configuration_is_refused(tmp_path: Path) -> None:
    fit(Toy(), Plan(2), tmp_path, Process(), **SILENT)
    with pytest.raises(RequestError, match=r"rate=0\.001 \(now 0\.1\)"):
        fit(Toy(0.1), Plan(4), tmp_path, Process(), **SILENT)


def test_a_loss_that_is_not_finite_stops_the_run(tmp_path: Path) -> None:
    toy = Toy()
    toy.step = lambda step: {"loss": torch.tensor(float("nan"))}  # type: ignore[method-assign]
    with pytest.raises(FloatingPointError, match="loss is not finite near step 5"):
        fit(toy, Plan(10, log_every=5), tmp_path, Process(), **SILENT)


def test_grids_are_drawn_while_it_trains(tmp_path: Path) -> None:
    fit(Toy(), Plan(6, sample_every=3), tmp_path, Process(), **SILENT)
    assert [p.name for p in sorted((tmp_path / "samples").iterdir())] == [
        "00000003.png",
        "00000006.png",
    ]


def test_minutes_stop_a_run_with_a_checkpoint(tmp_path: Path) -> None:
    assert fit(Toy(), Plan(10**6, minutes=0), tmp_path, Process(), **SILENT) == 1
    assert checkpoints.load_checkpoint(tmp_path / "checkpoint.pt")["step"] == 1


KILLED = """
import sys, time
import torch
from pathlib import Path
torch.set_num_threads(1)
from methods.common.distributed import Process
from methods.common.training import Plan, fit
from tests.methods.toy import Toy
class Slow(Toy):
    def step(self, step):
        if step == 40:  # to be killed before it ends, however slow the one that kills
            time.sleep(600)
        return super().step(step)
fit(Slow(), Plan(60, log_every=1, checkpoint_seconds=0), Path(sys.argv[1]), Process())
"""


def test_kill_9_and_again_gives_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "killed")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    log = tmp_path / "killed" / "log.csv"
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: log.is_file() and log.read_text().count("\n") > 10)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGKILL
    done = checkpoints.load_checkpoint(tmp_path / "killed" / "checkpoint.pt")["step"]
    assert 0 < done < 60
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        resumed, whole = Toy(), Toy()
        plan = Plan(60, log_every=1)
        fit(resumed, plan, tmp_path / "killed", Process(), **SILENT)
        fit(whole, plan, tmp_path / "whole", Process(), **SILENT)
    finally:
        torch.set_num_threads(threads)
    assert weights(resumed) == weights(whole)
    killed_log, whole_log = (
        [line.split(",")[::2] for line in (tmp_path / run / "log.csv").read_text().splitlines()]
        for run in ("killed", "whole")
    )
    assert killed_log == whole_log


def test_several_processes_share_a_batch(tmp_path: Path) -> None:
    assert Process("cpu", 1, 4).share(64) == 16
    with pytest.raises(RequestError, match="batch=10 is not a multiple of the 4 processes"):
        Process("cpu", 1, 4).share(10)
    with joined("cpu") as process:
        assert process == Process("cpu", 0, 1)


def test_the_average_forgets_the_start() -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = Ema(network, 0.5)
    nn.init.ones_(network.weight)
    average.update(network, 0)
    assert float(average.network.weight) == pytest.approx(0.9)  # 1 - 1/10: the ramp
    average.update(network, 1000)
    assert float(average.network.weight) == pytest.approx(0.95)  # 1 - decay


def test_initial_weights_come_from_the_seed() -> None:
    first, second, third = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
    initialise(first, 1)
    initialise(second, 1)
    initialise(third, 2)
    assert torch.equal(first.weight, second.weight)
    assert torch.equal(first.bias, second.bias)
    assert not torch.equal(first.weight, third.weight)
    assert float(first.weight.detach().abs().max()) <= 0.5
    nn.init.zeros_(first.weight)
    initialise(first, 1)
    assert not first.weight.any()


def test_grids_have_grey_lines_between(tmp_path: Path) -> None:
    from bench.api.imaging import decode_png

    save_grid(tmp_path / "g.png", torch.ones(3, 3, 2, 2), columns=2)
    grid = decode_png((tmp_path / "g.png").read_bytes())
    assert grid.shape == (3, 7, 7)
    assert grid[0, 0, 0] == 128
    assert grid[0, 1, 1] == 255
    assert grid[0, 4, 4] == 128  # the fourth image is not there


@pytest.mark.parametrize("bad", [{"steps": 0}, {"steps": 5, "log_every": 0}])
def test_impossible_plans_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(RequestError, match="allowed: steps and log_every >= 1"):
        Plan(**bad)
