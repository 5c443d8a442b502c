"""The masked reverse process, its levels, and the method's contract."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from bench import plugins
from bench.api import Completion, RequestError, ShowsSteps
from bench.api.seeds import torch_stream
from methods.common.initial import initialise
from methods.ddpm import DDPM, SETTINGS
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.checkpoint import export
from methods.ddpm.completer import seamless
from methods.ddpm.diffusion import q_sample
from methods.ddpm.preprocess import from_network, to_network
from methods.ddpm.samplers.guided import PiGDM
from methods.ddpm.samplers.options import Repaint
from methods.ddpm.samplers.repaint import evaluations, masked_reverse_step
from methods.ddpm.samplers.steps import levels
from methods.ddpm.sampling import generate, inpaint
from methods.ddpm.schedule import cosine, linear, respace
from methods.ddpm.unet import UNet

TINY = UNetConfig(
    size=16, channels=16, multipliers=(1, 2), blocks=1, attention=(8,), head_channels=16, groups=4
)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed))


def centre(n: int, size: int) -> torch.Tensor:
    hole = torch.zeros(n, 1, size, size, dtype=torch.bool)
    hole[:, :, size // 4 : 3 * size // 4, size // 4 : 3 * size // 4] = True
    return hole


def tiny_network(config: UNetConfig = TINY, seed: int = 0) -> UNet:
    network = UNet(config).eval().requires_grad_(False)
    initialise(network, seed)
    for number, parameter in enumerate(network.parameters()):
        if not parameter.any():  # blocks that start as the identity would hide mistakes
            parameter.copy_(0.05 * normal(*parameter.shape, seed=number))
    return network


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    export(tmp_path / "tiny.safetensors", tiny_network(), "cosine", {"steps": "0"})
    return tmp_path / "tiny.safetensors"


def test_levels_are_repaints_published_walk() -> None:
    walk = levels(250, 10, 10)
    assert len(walk) == 4571
    assert evaluations(250, 10, 10) == 2410
    assert sum(after > before for before, after in pairwise(walk)) == 2160
    assert walk[0] == 250
    assert walk[-1] == 0
    assert all(abs(after - before) == 1 for before, after in pairwise(walk))
    assert walk.index(0) == len(walk) - 1


@pytest.mark.parametrize(
    ("walk", "count"),
    [((100, 10, 10), 910), ((50, 10, 10), 410), ((250, 10, 5), 1210), ((250, 10, 1), 250)],
)
def test_evaluations_of_other_settings(walk: tuple[int, int, int], count: int) -> None:
    assert evaluations(*walk) == count


def test_a_small_walk_by_hand() -> None:
    assert levels(3, 10, 10) == [3, 2, 1, 0]
    assert levels(5, 2, 2) == [5, 4, 3, 4, 5, 4, 3, 2, 1, 2, 3, 2, 1, 0]
    assert levels(1, 1, 1) == [1, 0]


def test_the_masked_step_mixes_known_and_unknown() -> None:
    schedule, t = linear(), 400
    x0, xt, eps = (normal(2, 3, 8, 8, seed=i) for i in range(3))
    noise = normal(2, 3, 8, 8, seed=3), normal(2, 3, 8, 8, seed=4)
    hole = centre(2, 8)
    x = masked_reverse_step(schedule, xt, t, eps, x0, hole, noise)
    known = q_sample(schedule, x0, t - 1, noise[0])
    assert torch.equal(x.masked_fill(hole, 0), known.masked_fill(hole, 0))
    other = masked_reverse_step(schedule, xt, t, eps, x0, hole, (noise[0] + 1, noise[1]))
    assert torch.equal(x[hole.expand_as(x)], other[hole.expand_as(x)])
    last = masked_reverse_step(schedule, xt, 1, eps, x0, hole, noise)
    assert torch.equal(last.masked_fill(hole, 0), x0.masked_fill(hole, 0))


def test_known_and_unknown_noise_are_independent() -> None:
    """With a network that says 0, what is added inside and outside must not correlate."""
    schedule = respace(linear(), 10)
    seen: list[torch.Tensor] = []
    x0 = torch.zeros(1, 1, 64, 64)
    for hole in (torch.ones(1, 1, 64, 64).bool(), torch.zeros(1, 1, 64, 64).bool()):
        inpaint(
            lambda x, step: torch.zeros_like(x),
            schedule,
            x0,
            hole,
            [7],
            Repaint(10, 10, 1),
            watch=lambda level, x: seen.append(x) if level == 5 else None,
        )
    correlation = torch.corrcoef(torch.stack([s.flatten() for s in seen]))[0, 1]
    assert abs(float(correlation)) < 4 / math.sqrt(64 * 64)


def test_a_network_that_knows_the_image_fills_it_in() -> None:
    """The best eps for a data set of one image is (xt - sqrt(abar) x0) / sqrt(1 - abar)."""
    image = normal(1, 3, 16, 16).clamp(-1, 1)
    schedule = respace(cosine(), 20)
    told = {int(s): i for i, s in enumerate(schedule.network_step)}

    def oracle(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        abar = schedule.alpha_bar[told[int(step[0])]]
        return ((x - abar.sqrt() * image) / (1 - abar).sqrt()).float()

    known = image.masked_fill(centre(1, 16), 0)
    filled = inpaint(oracle, schedule, known, centre(1, 16), [0], Repaint(20, 5, 3)).x
    assert torch.allclose(filled, image, atol=1e-5)
    free = generate(oracle, schedule, 3, 16, [1])
    assert torch.allclose(free, image, atol=1e-5)


def test_the_network_is_told_the_original_steps() -> None:
    told: list[int] = []

    def network(x: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        told.extend(step.tolist())
        return torch.zeros_like(x)

    x0 = torch.zeros(2, 1, 4, 4)
    inpaint(network, respace(linear(), 4), x0, centre(2, 4), [0, 1], Repaint(4, 10, 1))
    assert told == [999, 999, 666, 666, 333, 333, 0, 0]


def test_known_pixels_are_exact_and_an_empty_hole_returns_the_image(tiny: Path) -> None:
    method = DDPM(Repaint(4, 2, 2), path=tiny, precision="fp32")
    inpaint_ = method.load("cpu")
    image = torch.rand(2, 3, 16, 16, generator=torch_stream(0))
    hole = centre(2, 16)
    hole[1] = False
    completion = inpaint_(image.masked_fill(hole, 0), hole, [1, 2])
    assert isinstance(completion, Completion)
    assert torch.equal(completion.image.masked_fill(hole, 0), image.masked_fill(hole, 0))
    assert torch.equal(completion.image[1], image[1])
    assert not torch.equal(completion.image[0], image[0])
    assert completion.notes[0]["evaluations"] == evaluations(4, 2, 2)


def test_in_float32_a_batch_is_its_rows(tiny: Path) -> None:
    inpaint_ = DDPM(Repaint(steps=10), path=tiny, precision="fp32").load("cpu")
    image = torch.rand(4, 3, 16, 16, generator=torch_stream(0))
    hole = centre(4, 16)
    visible, seeds = image.masked_fill(hole, 0), [5, 6, 7, 8]
    together = _image(inpaint_(visible, hole, seeds))
    rows = [
        _image(inpaint_(visible[i : i + 1], hole[i : i + 1], seeds[i : i + 1])) for i in range(4)
    ]
    assert torch.allclose(together, torch.cat(rows), atol=1e-4)
    assert torch.equal(together, _image(inpaint_(visible, hole, seeds)))
    assert not torch.equal(together[:1], _image(inpaint_(visible[:1], hole[:1], [9])))


def test_bfloat16_stays_near_float32(tiny: Path) -> None:
    image = torch.rand(2, 3, 16, 16, generator=torch_stream(0))
    hole = centre(2, 16)
    made = [
        _image(DDPM(Repaint(steps=5), path=tiny, precision=p).load("cpu")(image, hole, [1, 2]))
        for p in ("fp32", "bf16")
    ]
    off = (made[0] - made[1]).abs()
    assert 0 < float(off.mean()) < 0.02


def test_seamless_keeps_known_pixels_and_takes_the_jump_away() -> None:
    ramp = torch.linspace(0.2, 0.8, 16).expand(2, 3, 16, 16)
    hole = centre(2, 16)
    filled = torch.where(hole, ramp + 0.15, ramp)
    blended = seamless(filled, hole)
    assert blended.dtype == torch.float32
    assert torch.equal(blended[~hole.expand_as(ramp)], filled[~hole.expand_as(ramp)])
    jump = (filled - ramp).abs().amax(), (blended - ramp).abs().amax()
    assert jump[0] > 0.14
    assert jump[1] < 0.03
    row = seamless(filled[1:], hole[1:])
    assert torch.equal(row[0], blended[1])


def test_auto_blends_what_the_photographs_network_fills(tiny: Path) -> None:
    photograph, seeds = normal(1, 3, 16, 16).clamp(0, 1), [5]
    hole = centre(1, 16)
    visible = photograph.masked_fill(hole, 0)

    def fill(**options: object) -> torch.Tensor:
        chosen = DDPM(sampler=PiGDM(steps=2), **options)  # type: ignore[arg-type]
        completion = chosen.load("cpu")(visible, hole, seeds)
        assert isinstance(completion, Completion)
        return completion.image

    sampled = fill(blend="none")
    assert torch.equal(fill(), seamless(sampled, hole))
    assert torch.equal(fill(blend="seamless"), fill())
    assert not torch.equal(fill(), sampled)
    assert torch.equal(fill(path=tiny), fill(path=tiny, blend="none"))


def test_another_schedule_than_the_weights_is_refused(tiny: Path) -> None:
    with pytest.raises(RequestError, match="schedule=linear, but own was trained with cosine"):
        DDPM(schedule="linear", path=tiny).load("cpu")
    DDPM(schedule="cosine", path=tiny).load("cpu")


def test_grey_weights_give_grey_images_and_colour_goes_through() -> None:
    image = torch.rand(2, 3, 4, 4, generator=torch_stream(0))
    grey = from_network(to_network(image, 1))
    assert torch.allclose(grey, image.mean(1, keepdim=True).expand(-1, 3, -1, -1), atol=1e-6)
    assert torch.allclose(from_network(to_network(image, 3)), image, atol=1e-6)


def test_parameters_are_checked() -> None:
    for bad in ("steps=0", "steps=1001", "jump_length=0", "jump_samples=0"):
        with pytest.raises(RequestError, match=f"{bad.split('=')[0]}="):
            plugins.method(f"ddpm:{bad}")
    with pytest.raises(RequestError, match="is not one of auto, fp32, bf16"):
        plugins.method("ddpm:precision=fp16")
    with pytest.raises(RequestError, match="poisson"):
        plugins.method("ddpm:blend=poisson")
    with pytest.raises(RequestError, match="jump_samples=0; allowed: 1 or more"):
        Repaint(10, 10, 0)
    for spec in SETTINGS.values():
        assert isinstance(plugins.method(spec), DDPM)


def test_the_identity_holds_the_weights_and_no_path(tiny: Path) -> None:
    method = plugins.method("ddpm", path=tiny)
    assert "path" not in plugins.parameters(method)
    assert list(method.assets()) == ["own"]  # type: ignore[attr-defined]
    assert method.multiple_of == 2


def test_missing_files_say_where_they_are() -> None:
    method = DDPM(weights="celebahq-256")
    with pytest.raises(RequestError, match=r"celeba256_250000\.pt.*andreas128/RePaint"):
        method.load("cpu")
    with pytest.raises(RequestError, match=r"celeba256_250000\.pt.*andreas128/RePaint"):
        method.assets()
    absent = DDPM(weights="imagenet-256", path=Path("nowhere.pt"))
    with pytest.raises(RequestError, match=r"256x256_diffusion_uncond\.pt.*openaipublic"):
        absent.load("cpu")
    with pytest.raises(RequestError, match=r"path=nowhere\.pt does not exist"):
        DDPM(path=Path("nowhere.pt")).load("cpu")
    assert absent.multiple_of == 32


def _image(returned: object) -> torch.Tensor:
    assert isinstance(returned, Completion)
    return returned.image


def test_a_watched_method_shows_every_step_and_returns_the_same_bytes() -> None:
    hole = centre(2, 32)
    visible = torch.rand(2, 3, 32, 32, generator=torch_stream(0)).masked_fill(hole, 0)
    loaded = DDPM(Repaint(steps=3, jump_length=1, jump_samples=2)).load("cpu")
    assert isinstance(loaded, ShowsSteps)
    seen: list[tuple[int, int, torch.Tensor]] = []
    shown = loaded.watched(lambda *step: seen.append(step))(visible, hole, [1, 2])
    plain = loaded(visible, hole, [1, 2])
    assert isinstance(shown, Completion)
    assert isinstance(plain, Completion)
    assert torch.equal(shown.image, plain.image)
    assert shown.notes == plain.notes
    assert [level for level, _, _ in seen] == levels(3, 1, 2)[1:]
    assert {of for _, of, _ in seen} == {3}
    known = ~hole.expand_as(visible)
    assert all(torch.equal(images[known], visible[known]) for _, _, images in seen)
    assert torch.equal(seen[-1][2], plain.image)
