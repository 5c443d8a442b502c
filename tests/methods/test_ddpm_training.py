"""Training a DDPM: it learns, resumes exactly, exports what the method loads."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.api import RequestError
from masks.boxes import CenterBox
from methods.common.checkpoints import load_weights
from methods.common.distributed import Process
from methods.common.images import FixedImages
from methods.common.training import Plan
from methods.ddpm import DDPM
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.diffusion import q_sample
from methods.ddpm.recipes import CONFIGS, Optimiser, TrainingConfig
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.schedule import named
from methods.ddpm.train import DenoisingTrainee, learning_rate, train
from methods.ddpm.unet import UNet

ROOT = Path(__file__).parents[2]
COMPILER = shutil.which(os.environ.get("CXX", "c++"))
TINY = TrainingConfig(
    UNetConfig(
        size=8,
        in_channels=1,
        out_channels=2,
        channels=16,
        multipliers=(1, 2),
        blocks=1,
        attention=(4,),
        head_channels=16,
        groups=4,
    ),
    batch=16,
    warmup=5,
)


def source(side: int = 8) -> FixedImages:
    """Two images: the left or the right half is white."""
    pixels = np.zeros((2, side, side), dtype=np.uint8)
    pixels[0, :, : side // 2] = pixels[1, :, side // 2 :] = 255
    return FixedImages(pixels, flip=False)


def run(out: Path, steps: int, config: TrainingConfig = TINY, **options: object) -> Path:
    plan = Plan(steps, log_every=10, sample_every=0)
    settings = {"plan": plan, "report": lambda line: None, **options}
    return train(config, source(), out, steps=steps, **settings)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
@pytest.mark.parametrize("learned", [True, False])
def test_the_loss_falls(learned: bool, optimiser: Optimiser) -> None:
    unet = dataclasses.replace(TINY.unet, out_channels=2 if learned else 1)
    config = dataclasses.replace(TINY, unet=unet, learning_rate=3e-3, optimiser=optimiser)
    trainee = DenoisingTrainee(config, source(), (), Process(), 0)
    losses = [trainee.step(step) for step in range(60)]
    assert ("vlb" in losses[0]) == learned
    first, last = (
        sum(float(step["loss"].detach()) for step in part) for part in (losses[:10], losses[-10:])
    )
    assert last < 0.5 * first


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_a_resumed_run_exports_the_same_bytes(tmp_path: Path, optimiser: Optimiser) -> None:
    config = dataclasses.replace(TINY, optimiser=optimiser)
    whole = run(tmp_path / "whole", 8, config=config)
    run(tmp_path / "parts", 3, config=config)
    parts = run(tmp_path / "parts", 8, config=config)
    assert parts.read_bytes() == whole.read_bytes()
    assert run(tmp_path / "other", 8, config=config, seed=1).read_bytes() != whole.read_bytes()


def test_what_it_exports_is_what_the_method_loads(tmp_path: Path) -> None:
    path = run(tmp_path, 2, holes=[CenterBox()])
    assert {tensor.dtype for tensor in load_weights(path).values()} == {torch.float16}
    method = DDPM(Repaint(steps=2), path=path)
    assert method.multiple_of == 2
    hole = torch.ones(1, 1, 8, 8, dtype=torch.bool)
    image = method.load("cpu")(torch.zeros(1, 3, 8, 8), hole, [0]).image  # type: ignore[union-attr]
    assert torch.equal(image[:, 0], image[:, 2])


def test_a_run_begins_with_the_weights_it_is_given(tmp_path: Path) -> None:
    start = run(tmp_path / "first", 4)
    start_weights = load_weights(start)
    begun = load_weights(run(tmp_path / "second", 1, start=start))
    apart = load_weights(run(tmp_path / "third", 1))
    # One step of the warm-up moves little.
    assert all((begun[k] - start_weights[k]).abs().max() < 1e-3 for k in start_weights)
    assert any((apart[k] - start_weights[k]).abs().max() > 1e-3 for k in start_weights)
    with pytest.raises(RequestError, match="start="):
        run(tmp_path / "second", 2)


def test_weights_of_another_network_do_not_start_a_run(tmp_path: Path) -> None:
    start = run(tmp_path / "first", 1)
    wider = dataclasses.replace(TINY, unet=dataclasses.replace(TINY.unet, channels=32))
    with pytest.raises(RequestError, match="give weights of this recipe"):
        train(wider, source(), tmp_path / "second", start=start, report=lambda line: None)


def test_grids_hold_samples_and_filled_images(tmp_path: Path) -> None:
    trainee = DenoisingTrainee(TINY, source(), [CenterBox()], Process(), 0)
    grid = trainee.samples(5)
    assert grid.shape == (32, 3, 8, 8)
    assert float(grid.min()) >= 0
    assert float(grid.max()) <= 1
    visible, filled = grid[16:24], grid[24:]
    hole = torch.zeros(8, 8, dtype=torch.bool)
    hole[2:6, 2:6] = True
    assert not visible[..., hole].any()
    assert torch.allclose(visible[..., ~hole], filled[..., ~hole], atol=1e-6)
    assert torch.equal(grid, trainee.samples(9))


def test_bfloat16_training_stays_near_float32() -> None:
    losses = [
        float(DenoisingTrainee(TINY, source(), (), Process(), 0, dtype).step(0)["loss"].detach())
        for dtype in (torch.float32, torch.bfloat16)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=0.05)


def test_a_perturbed_input_has_more_noise_than_is_predicted() -> None:
    plain, perturbed = (
        DenoisingTrainee(
            dataclasses.replace(TINY, batch=256, perturbation=gamma), source(), [], Process(), 0
        )
        for gamma in (0.0, 0.5)
    )
    _, _, noise = plain._batch(3)
    assert torch.equal(perturbed._batch(3)[2], noise)
    assert plain._perturbed(noise, 3) is noise
    more = perturbed._perturbed(noise, 3) - noise
    assert abs(float(more.std()) - 0.5) < 0.02
    assert abs(float((more * noise).mean())) < 0.02
    assert not torch.equal(more, perturbed._perturbed(noise, 4) - noise)
    x0, t, _ = perturbed._batch(3)
    seen = []

    def knows(xt: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        seen.append(xt)
        return torch.cat([noise, torch.zeros_like(noise)], dim=1)

    perturbed.wrapped = knows  # type: ignore[assignment]
    assert float(perturbed.losses(3)["simple"]) == 0
    assert torch.equal(seen[0], q_sample(perturbed.schedule, x0, t, noise + more))
    assert not {"perturbation", "optimiser"} & set(plain.identity())
    assert perturbed.identity()["perturbation"] == 0.5


def test_processes_draw_different_parts_of_the_batch() -> None:
    first, second = _batch(0), _batch(1)
    assert len(first) == len(second) == 8
    assert not torch.equal(first, second)


def _batch(rank: int) -> torch.Tensor:
    trainee = DenoisingTrainee(TINY, source(), (), Process(), 0)
    trainee.process = Process("cpu", rank, 2)
    return trainee._batch(3)[2]


def test_images_of_another_size_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"the images are \(16, 16\), the configuration's 8"):
        train(TINY, source(16), tmp_path, steps=1, report=lambda line: None)


def test_the_rate_rises_and_stays() -> None:
    assert learning_rate(TINY, 0) == pytest.approx(TINY.learning_rate / 5)
    assert learning_rate(TINY, 4) == learning_rate(TINY, 10**6) == TINY.learning_rate
    cooled = dataclasses.replace(TINY, steps=100, cooldown=10)
    assert learning_rate(cooled, 0) == learning_rate(TINY, 0)
    assert learning_rate(cooled, 90) == TINY.learning_rate
    assert learning_rate(cooled, 95) == pytest.approx(TINY.learning_rate / 2)
    assert learning_rate(cooled, 99) == pytest.approx(TINY.learning_rate / 10)
    assert learning_rate(cooled, 100) == 0


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_configurations_can_be_built(name: str) -> None:
    config = CONFIGS[name]
    with torch.device("meta"):
        network = UNet(config.unet)
    assert named(config.schedule).T == 1000
    assert config.unet.out_channels == 2 * config.unet.in_channels
    limit = {"fashion-mnist-32": 1.5e6, "photos-64": 4e6}.get(name, 30e6)
    assert sum(p.numel() for p in network.parameters()) <= limit


TWO = """
import sys, torch
from pathlib import Path
torch.set_num_threads(1)
from tests.methods.test_ddpm_training import run
run(Path(sys.argv[1]), int(sys.argv[2]))
"""


@pytest.mark.slow
def test_two_processes_train_and_resume_exactly(tmp_path: Path) -> None:
    def torchrun(out: str, steps: int) -> bytes:
        script = tmp_path / "two.py"
        script.write_text(TWO)
        command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
        subprocess.run(
            [sys.executable, *command, str(script), str(tmp_path / out), str(steps)],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        )
        return (tmp_path / out / "weights.safetensors").read_bytes()

    whole = torchrun("whole", 4)
    torchrun("parts", 2)
    assert torchrun("parts", 4) == whole
    assert run(tmp_path / "alone", 4).read_bytes() != whole  # other processes, other batches


@pytest.mark.slow  # a minute and a half of compiling
@pytest.mark.skipif(COMPILER is None, reason="no C++ compiler")
def test_a_compiled_step_is_nearly_a_plain_one() -> None:
    trainees = [
        DenoisingTrainee(dataclasses.replace(TINY, compile=on), source(), (), Process(), 0)
        for on in (False, True)
    ]
    plain, compiled = (
        [float(t.step(step)["loss"].detach()) for step in range(3)] for t in trainees
    )
    assert compiled == pytest.approx(plain, rel=1e-3)
    assert trainees[0].identity() == trainees[1].identity()


def test_compiling_without_a_compiler_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    with pytest.raises(RequestError, match="compile=true needs a C\\+\\+ compiler"):
        run(tmp_path / "out", 1, config=dataclasses.replace(TINY, compile=True))
