"""The U-Net against guided-diffusion's counts, names and arithmetic; files that must be refused."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from bench.api import RequestError
from bench.api.seeds import torch_stream
from methods.common import processor
from methods.common.initial import initialise
from methods.ddpm import checkpoint
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.checkpoint import assemble, difference, export, load_own, load_unet, preset_config
from methods.ddpm.precision import prepared
from methods.ddpm.pretrained import SHIPPED
from methods.ddpm.unet import UNet, sinusoids
from tests.benchmarks.ddpm_plain import plain_unet

SMALL = UNetConfig(
    size=16, channels=32, multipliers=(1, 2, 2), attention=(8, 4), head_channels=16, groups=8
)


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(seed))


def network(config: UNetConfig = SMALL) -> UNet:
    made = UNet(config).eval().requires_grad_(False)
    initialise(made, 0)
    for number, parameter in enumerate(made.parameters()):
        if not parameter.any():
            parameter.copy_(0.05 * normal(*parameter.shape, seed=number))
    return made


def big(preset: str) -> dict[str, torch.Tensor]:
    with torch.device("meta"):
        return UNet(preset_config(preset)).state_dict()


@pytest.mark.parametrize(
    ("preset", "parameters", "tensors"),
    [
        ("celebahq-256", 552_814_086, 566),
        ("places-256", 552_814_086, 566),
        ("imagenet-256", 552_814_086, 566),
        ("imagenet-256-cond", 553_838_086, 567),
    ],
)
def test_the_big_networks_have_the_published_size(
    preset: str, parameters: int, tensors: int
) -> None:
    state = big(preset)
    assert sum(tensor.numel() for tensor in state.values()) == parameters
    assert len(state) == tensors
    assert ("label_emb.weight" in state) == (preset == "imagenet-256-cond")


def test_the_keys_are_guided_diffusions() -> None:
    shapes = {name: tuple(tensor.shape) for name, tensor in big("celebahq-256").items()}
    expected = {
        "time_embed.0.weight": (1024, 256),
        "time_embed.2.weight": (1024, 1024),
        "input_blocks.0.0.weight": (256, 3, 3, 3),
        "input_blocks.1.0.in_layers.0.weight": (256,),
        "input_blocks.1.0.in_layers.2.weight": (256, 256, 3, 3),
        "input_blocks.1.0.emb_layers.1.weight": (512, 1024),
        "input_blocks.1.0.out_layers.0.bias": (256,),
        "input_blocks.1.0.out_layers.3.weight": (256, 256, 3, 3),
        "input_blocks.3.0.in_layers.2.weight": (256, 256, 3, 3),  # a block that shrinks
        "input_blocks.7.0.skip_connection.weight": (512, 256, 1, 1),
        "input_blocks.10.1.norm.weight": (512,),  # attention at 32
        "input_blocks.10.1.qkv.weight": (1536, 512, 1),
        "input_blocks.10.1.proj_out.weight": (512, 512, 1),
        "input_blocks.17.1.qkv.weight": (3072, 1024, 1),  # and at 8
        "middle_block.0.in_layers.2.weight": (1024, 1024, 3, 3),
        "middle_block.1.qkv.weight": (3072, 1024, 1),
        "middle_block.2.out_layers.3.weight": (1024, 1024, 3, 3),
        "output_blocks.0.0.in_layers.2.weight": (1024, 2048, 3, 3),
        "output_blocks.2.1.qkv.weight": (3072, 1024, 1),
        "output_blocks.2.2.in_layers.2.weight": (1024, 1024, 3, 3),  # a block that grows
        "output_blocks.17.0.skip_connection.weight": (256, 512, 1, 1),
        "out.0.weight": (256,),
        "out.2.weight": (6, 256, 3, 3),
    }
    assert {name: shapes.get(name) for name in expected} == expected
    assert not any("input_blocks.9.1" in name for name in shapes)  # no attention at 64
    assert len([name for name in shapes if name.endswith("qkv.weight")]) == 6 + 1 + 9


def test_the_benchmarked_network_has_25_1_million_parameters() -> None:
    with torch.device("meta"):
        made = UNet(UNetConfig())
    assert sum(p.numel() for p in made.parameters()) == 25_119_430


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_the_output_is_the_plainly_written_networks(layout: torch.memory_format) -> None:
    made = network()
    state = made.state_dict()
    x, t = normal(2, 3, 16, 16), torch.tensor([3, 700])
    plain = plain_unet(state, x, t, channels=32, head_channels=16, groups=8)
    output = made.to(memory_format=layout)(x.to(memory_format=layout), t)  # type: ignore[call-overload]
    assert plain.abs().mean() > 0.05
    assert torch.allclose(output, plain, atol=1e-4)


def test_the_two_attention_orders_differ_by_a_permutation_of_qkv() -> None:
    made = network()
    fresh = UNet(dataclasses.replace(SMALL, legacy_order=False)).eval()
    state = made.state_dict()
    for name, tensor in state.items():
        if ".qkv." in name:  # heads x (q, k, v) -> (q, k, v) x heads
            heads = tensor.shape[0] // 3 // 16
            split = tensor.reshape(heads, 3, 16, *tensor.shape[1:])
            state[name] = split.transpose(0, 1).reshape(tensor.shape)
    fresh.load_state_dict(state)
    x, t = normal(2, 3, 16, 16), torch.tensor([3, 700])
    with torch.no_grad():
        assert torch.allclose(fresh(x, t), made(x, t), atol=1e-5)
        fresh.load_state_dict(made.state_dict())
        assert not torch.allclose(fresh(x, t), made(x, t), atol=1e-3)


def test_sinusoids_are_cosines_then_sines() -> None:
    output = sinusoids(torch.tensor([0, 5]), 4)
    assert torch.allclose(output[0], torch.tensor([1.0, 1, 0, 0]))
    five = torch.tensor([5.0])
    assert torch.allclose(
        output[1], torch.cat([five.cos(), (five / 100).cos(), five.sin(), (five / 100).sin()])
    )


@pytest.mark.parametrize("patch", [1, 2])
@pytest.mark.parametrize("updown", [True, False])
@pytest.mark.parametrize("scale_shift", [True, False])
def test_all_shapes_give_the_image_s_size(patch: int, updown: bool, scale_shift: bool) -> None:
    config = dataclasses.replace(
        SMALL, patch=patch, updown=updown, scale_shift=scale_shift, blocks=1, classes=4
    )
    made = network(config)
    assert config.multiple_of == 4 * patch
    out = made(normal(2, 3, 16, 24), torch.tensor([1, 2]), torch.tensor([0, 3]))
    assert out.shape == (2, 6, 16, 24)
    assert torch.isfinite(out).all()
    other = made(normal(2, 3, 16, 24), torch.tensor([1, 900]), torch.tensor([1, 3]))
    assert (out - other).abs().amax((1, 2, 3)).min() > 1e-4  # label and t both matter


@pytest.fixture
def preset(monkeypatch: pytest.MonkeyPatch) -> UNet:
    """Shrink the big architecture, so that its files fit a test."""
    monkeypatch.setattr(checkpoint, "BIG", SMALL)
    return network()


def test_state_dicts_load_from_pt_and_safetensors(preset: UNet, tmp_path: Path) -> None:
    torch.save(preset.state_dict(), tmp_path / "model.pt")
    save_file(dict(preset.state_dict()), tmp_path / "model.safetensors")
    x, t = normal(1, 3, 16, 16), torch.tensor([3])
    for file in ("model.pt", "model.safetensors"):
        loaded = load_unet(tmp_path / file, "celebahq-256")
        assert torch.allclose(loaded(x, t), preset(x, t), atol=1e-5)
        assert loaded(x, t).shape == (1, 6, 16, 16)
    other = load_unet(tmp_path / "model.pt", "celebahq-256", legacy_order=False)
    assert not torch.allclose(other(x, t), preset(x, t))


def test_half_precision_files_become_float32(preset: UNet, tmp_path: Path) -> None:
    torch.save({k: v.half() for k, v in preset.state_dict().items()}, tmp_path / "half.pt")
    loaded = load_unet(tmp_path / "half.pt", "places-256")
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}


def test_wrong_keys_are_named_with_the_preset_that_fits(preset: UNet, tmp_path: Path) -> None:
    state = network(dataclasses.replace(SMALL, classes=1000)).state_dict()
    torch.save(state, tmp_path / "cond.pt")
    with pytest.raises(
        RequestError,
        match=r"1 key \(label_emb\.weight\) unexpected; it fits imagenet-256-cond$",
    ):
        load_unet(tmp_path / "cond.pt", "celebahq-256")
    torch.save(preset.state_dict(), tmp_path / "uncond.pt")
    with pytest.raises(
        RequestError,
        match=r"1 key \(label_emb\.weight\) missing; it fits celebahq-256, places-256, imagenet",
    ):
        load_unet(tmp_path / "uncond.pt", "imagenet-256-cond")
    state = preset.state_dict()
    del state["out.0.bias"]
    state["out.2.weight"] = torch.zeros(3, 32, 3, 3)
    torch.save(state, tmp_path / "odd.pt")
    with pytest.raises(
        RequestError,
        match=r"1 key \(out\.0\.bias\) missing; 1 key \(out\.2\.weight is \(3, 32, 3, 3\), not "
        r"\(6, 32, 3, 3\)\) of another shape; it fits none of the presets",
    ):
        load_unet(tmp_path / "odd.pt", "celebahq-256")


def test_unknown_presets_missing_files_and_pickles_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="preset='celeba'; allowed: celebahq-256, places-256"):
        load_unet(tmp_path / "x.pt", "celeba")
    with pytest.raises(RequestError, match=r"places256_300000\.pt.*RePaint"):
        load_unet(tmp_path / "x.pt", "places-256")
    torch.save(torch.nn.Linear(1, 1), tmp_path / "module.pt")
    with pytest.raises(RequestError, match="is refused"):
        load_unet(tmp_path / "module.pt", "places-256")


def test_own_weights_rebuild_their_network(tmp_path: Path) -> None:
    made = network(dataclasses.replace(SMALL, patch=2))
    export(tmp_path / "own.safetensors", made, "linear", {"steps": "7"})
    loaded, schedule = load_own(tmp_path / "own.safetensors")
    assert schedule == "linear"
    assert loaded.config == made.config
    x, t = normal(1, 3, 16, 16), torch.tensor([3])
    assert torch.allclose(loaded(x, t), made(x, t), atol=5e-3)  # stored in half precision
    save_file(dict(made.state_dict()), tmp_path / "bare.safetensors")
    with pytest.raises(RequestError, match="names no network of its own; say which it is"):
        load_own(tmp_path / "bare.safetensors")


def test_difference_says_nothing_when_all_fits() -> None:
    state = network().state_dict()
    assert difference(state, state) == ""
    assert assemble(SMALL, state, "x").config == SMALL


@pytest.mark.parametrize("fast", [False, True])
def test_auto_is_bfloat16_for_big_networks_on_processors_fast_at_it(
    fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "fast", lambda dtype, device="cpu": fast)

    def chosen() -> torch.dtype:
        return next(prepared(network(), "cpu", "auto").parameters()).dtype

    assert chosen() == torch.float32
    monkeypatch.setattr("methods.ddpm.precision.WORTH_BF16", 0)
    assert chosen() == (torch.bfloat16 if fast else torch.float32)
    with pytest.raises(RequestError, match="precision='fp16'; allowed: auto, fp32, bf16"):
        prepared(network(), "cpu", "fp16")


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_weights_are_small_and_have_a_card(name: str) -> None:
    file = SHIPPED[name]
    assert file.stat().st_size <= {"fashion-mnist-32": 3, "photos-64": 8}[name] * 10**6
    loaded, schedule = load_own(file)
    assert schedule in ("linear", "cosine")
    assert loaded.config.size == int(name.rsplit("-", 1)[1])
    card = file.with_suffix(".md").read_text()
    assert json.dumps(schedule).strip('"') in card
    assert str(sum(p.numel() for p in loaded.parameters())) in card.replace(",", "")
