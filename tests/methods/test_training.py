"""The shared training loop: exact resume, atomic files, logs, sources."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from bench.api import RequestError
from bench.api.seeds import derive_seed
from masks.boxes import CenterBox
from methods.common import checkpoints
from methods.common.distributed import Process, joined
from methods.common.ema import Ema
from methods.common.images import FixedImages, RandomCrops, draw_holes
from methods.common.initial import initialise
from methods.common.training import Plan, fit
from methods.common.training_log import save_grid
from tests.conftest import wait_until

ROOT = Path(__file__).parents[2]
SILENT = {"report": lambda line: None}


def source() -> FixedImages:
    pixels = np.arange(12 * 8 * 8, dtype=np.uint8).reshape(12, 8, 8)
    return FixedImages(pixels)


class Toy:
    """A convolution that learns to give back its input."""

    def __init__(self, rate: float = 1e-3) -> None:
        self.rate = rate
        self.network = nn.Conv2d(3, 3, 3, padding=1)
        initialise(self.network, 0)
        self.average = Ema(self.network, 0.9)
        self.optimiser = torch.optim.Adam(self.network.parameters(), lr=rate)

    def identity(self) -> Mapping[str, float]:
        return {"rate": self.rate}

    def parts(self) -> dict[str, object]:
        return {"network": self.network, "average": self.average, "optimiser": self.optimiser}

    def step(self, step: int) -> dict[str, torch.Tensor]:
        x = source().batch(derive_seed("toy", step), 4)
        loss = (self.network(x) - x).square().mean()
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        self.average.update(self.network, step)
        return {"loss": loss}

    def samples(self, step: int) -> torch.Tensor:
        return source().batch(step, 8)


def weights(toy: Toy) -> bytes:
    parts = [*toy.network.state_dict().values(), *toy.average.state_dict().values()]
    return b"".join(p.numpy().tobytes() for p in parts)


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
from tests.methods.test_training import Toy
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


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint.pt"
    checkpoints.save_checkpoint(path, {"step": 1})

    def broken(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="no space"):
        checkpoints.save_checkpoint(path, {"step": 2})
    monkeypatch.undo()
    assert checkpoints.load_checkpoint(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def test_pickles_with_more_than_tensors_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(RequestError, match="refused: not a plain file of tensors"):
        checkpoints.load_weights(tmp_path / "evil.pt")
    torch.save(nn.Linear(2, 2), tmp_path / "module.pt")
    with pytest.raises(RequestError, match="refused: not a plain file of tensors"):
        checkpoints.load_weights(tmp_path / "module.pt")
    torch.save({"state_dict": {"weight": torch.zeros(2)}}, tmp_path / "nested.pt")
    with pytest.raises(RequestError, match=r"no tensors \(state_dict\)"):
        checkpoints.load_weights(tmp_path / "nested.pt")
    (tmp_path / "noise.pt").write_bytes(b"no checkpoint at all")
    with pytest.raises(RequestError, match=r"noise\.pt is refused"):
        checkpoints.load_weights(tmp_path / "noise.pt")
    (tmp_path / "short.safetensors").write_bytes(b"abc")
    with pytest.raises(RequestError, match="not a whole safetensors file"):
        checkpoints.load_weights(tmp_path / "short.safetensors")
    with pytest.raises(RequestError, match="does not exist"):
        checkpoints.load_weights(tmp_path / "none.pt")


def test_weights_survive_safetensors(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.ones(2, dtype=torch.float16)}
    checkpoints.save_weights(tmp_path / "w.safetensors", tensors, {"k": "v"})
    loaded = checkpoints.load_weights(tmp_path / "w.safetensors")
    assert loaded.keys() == tensors.keys()
    assert all(torch.equal(loaded[k], tensors[k]) for k in tensors)
    assert loaded["b"].dtype == torch.float16


def test_fixed_images_pad_flip_and_repeat() -> None:
    pixels = np.zeros((1, 2, 2), dtype=np.uint8)
    pixels[0, 0, 0] = 255
    batch = FixedImages(pixels, flip=True, pad=1).batch(3, 64)
    assert batch.shape == (64, 3, 4, 4)
    assert batch.sum() == 64 * 3
    left, right = batch[:, :, 1, 1], batch[:, :, 1, 2]
    assert torch.equal(left + right, torch.ones(64, 3))
    assert 10 < int(left[:, 0].sum()) < 54
    same = FixedImages(pixels, flip=True, pad=1)
    assert torch.equal(batch, same.batch(3, 64))
    assert not torch.equal(batch, same.batch(4, 64))


def test_random_crops_have_the_size_and_come_from_everywhere() -> None:
    ramp = np.arange(64, dtype=np.uint8)
    photograph = np.stack([np.tile(ramp, (48, 1))] * 3, axis=2)
    crops = RandomCrops([photograph], 16, smallest=0.5)
    batch = crops.batch(0, 200)
    assert batch.shape == (200, 3, 16, 16)
    assert torch.equal(batch, crops.batch(0, 200))
    columns = batch[:, 0, 0] * 255
    assert columns.min() < 3
    assert columns.max() > 60
    rising = columns[:, -1] > columns[:, 0]
    assert 60 < int(rising.sum()) < 140
    spans = (columns[:, -1] - columns[:, 0]).abs()
    assert spans.min() < 30
    assert spans.max() > 40


def test_bad_sources_are_refused() -> None:
    with pytest.raises(RequestError, match="images are float64"):
        FixedImages(np.zeros((2, 4, 4)))
    with pytest.raises(RequestError, match="the smallest of side 8"):
        RandomCrops([np.zeros((8, 20, 3), dtype=np.uint8)], 16)
    with pytest.raises(RequestError, match="0 photographs"):
        RandomCrops([], 16)


def test_holes_depend_on_the_seed_alone() -> None:
    holes = draw_holes([CenterBox()], 5, 3, 16)
    assert holes.shape == (3, 1, 16, 16)
    assert holes.dtype == torch.bool
    assert torch.equal(holes, draw_holes([CenterBox()], 5, 3, 16))


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
