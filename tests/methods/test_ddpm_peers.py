"""Against diffusers, an independent implementation: the same weights, the same noise, one step.

Where the algorithms agree, so do the numbers.  They differ in three places, which the tests name:
- diffusers' RePaintScheduler uses one noise tensor for the known and the unknown part (RePaint's
  own code and this project draw two, as the paper writes);
- it does not recompute eps after clipping x0, while DDPM's posterior mean is a function of the
  clipped x0 alone: the two agree where nothing is clipped;
- its resampling schedule starts its jumps from level 0, not from level 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from bench.api import RequestError
from bench.api.seeds import torch_stream
from methods.ddpm import DDPM
from methods.ddpm.diffusers_folder import load_folder
from methods.ddpm.diffusion import p_sample, predict_x0, q_step
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.samplers.repaint import masked_reverse_step
from methods.ddpm.schedule import cosine, linear

# Its import trips over deprecations of its own dependencies.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def diffusers() -> Any:
    return pytest.importorskip("diffusers", reason="an optional peer: pip install diffusers")


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed))


@pytest.fixture
def folder(diffusers: Any, tmp_path: Path) -> Path:
    """A small UNet2DModel as google/ddpm-* have it, with its scheduler's configuration."""
    model = diffusers.UNet2DModel(
        sample_size=16,
        block_out_channels=(32, 64),
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        layers_per_block=1,
        norm_num_groups=8,
    )
    for number, parameter in enumerate(model.parameters()):
        parameter.data = parameter.data + 0.02 * normal(*parameter.shape, seed=number)
    model.save_pretrained(str(tmp_path / "unet"))
    diffusers.DDPMScheduler(beta_schedule="linear").save_pretrained(str(tmp_path / "scheduler"))
    return tmp_path / "unet"


def test_schedules_are_the_same(diffusers: Any) -> None:
    for ours, theirs in ((linear(), "linear"), (cosine(), "squaredcos_cap_v2")):
        computed = diffusers.DDPMScheduler(beta_schedule=theirs).alphas_cumprod
        assert torch.allclose(ours.alpha_bar[1:].float(), computed, rtol=1e-3, atol=1e-7)


def test_one_masked_reverse_step_with_the_same_weights_and_noise(
    diffusers: Any, folder: Path
) -> None:
    network, schedule_name, channels = load_folder(folder)
    model = diffusers.UNet2DModel.from_pretrained(str(folder))
    assert (schedule_name, channels) == ("linear", 3)
    scheduler = diffusers.RePaintScheduler(beta_schedule="linear", eta=1.0, clip_sample=False)
    scheduler.set_timesteps(1000, jump_length=10, jump_n_sample=1)
    schedule, t = linear(), 401
    x0 = normal(1, 3, 16, 16).clamp(-1, 1) * 0.2
    hole = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    hole[:, :, 4:12, 4:12] = True
    noise = normal(1, 3, 16, 16, seed=9)
    # Small values, so that no predicted x0 is clipped.
    xt = 0.1 * normal(1, 3, 16, 16, seed=2)
    with torch.no_grad():
        theirs = model(xt, t - 1).sample
        output = network(xt, torch.tensor([t - 1]))
        assert torch.allclose(output, theirs, atol=1e-6)
        shrink = 0.1 / float(output.abs().max())
        output, theirs = output * shrink, theirs * shrink
    assert float(predict_x0(schedule, xt, t, output).abs().max()) < 1
    step = scheduler.step(theirs, t - 1, xt, x0, (~hole).float(), generator=torch_stream(9))
    ours = masked_reverse_step(schedule, xt, t, output, x0, hole, (noise, noise))
    assert torch.allclose(ours, step.prev_sample, atol=1e-4)
    independent = masked_reverse_step(
        schedule, xt, t, output, x0, hole, (noise, normal(1, 3, 16, 16, seed=10))
    )
    assert not torch.allclose(independent, step.prev_sample, atol=1e-2)


@pytest.mark.parametrize("t", [2, 401, 1000])
@pytest.mark.parametrize("learned", [False, True])
def test_one_reverse_step_clipped_and_not(diffusers: Any, t: int, learned: bool) -> None:
    kind = "learned_range" if learned else "fixed_small"
    scheduler = diffusers.DDPMScheduler(beta_schedule="linear", variance_type=kind)
    xt, output = normal(2, 3, 8, 8), normal(2, 6 if learned else 3, 8, 8, seed=1)
    output[:, 3:] = output[:, 3:].clamp(-1, 1)
    noise = torch.randn(2, 3, 8, 8, generator=torch_stream(4))
    theirs = scheduler.step(output, t - 1, xt, generator=torch_stream(4)).prev_sample
    assert torch.allclose(p_sample(linear(), xt, t, output, noise), theirs, atol=1e-4)


def test_one_step_of_renoising(diffusers: Any) -> None:
    scheduler = diffusers.RePaintScheduler(beta_schedule="linear")
    scheduler.set_timesteps(1000)
    x = normal(1, 3, 8, 8)
    noise = torch.randn(1, 3, 8, 8, generator=torch_stream(4))
    theirs = scheduler.undo_step(x, 300, generator=torch_stream(4))
    assert torch.allclose(q_step(linear(), x, 301, noise), theirs, atol=1e-5)


def test_the_method_runs_from_a_folder(folder: Path) -> None:
    method = DDPM(Repaint(steps=3), path=folder, precision="fp32")
    assert method.multiple_of == 2
    assert sorted(method.assets()) == [
        "own/config.json",
        "own/diffusion_pytorch_model.safetensors",
    ]
    hole = torch.zeros(1, 1, 16, 16, dtype=torch.bool)
    hole[:, :, :8] = True
    image = torch.rand(1, 3, 16, 16, generator=torch_stream(0)).masked_fill(hole, 0)
    completion = method.load("cpu")(image, hole, [1])
    assert torch.isfinite(completion.image).all()  # type: ignore[union-attr]


def test_folders_that_are_something_else_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(
        '{"beta_schedule": "scaled_linear", "prediction_type": "v_prediction"}'
    )
    with pytest.raises(RequestError, match=r"beta_schedule=scaled_linear.*allowed: linear or"):
        load_folder(folder)
    (folder / "config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    with pytest.raises(RequestError, match=r"without the config\.json of a UNet2DModel"):
        load_folder(folder)
