"""Checkpoints of the field: exact keys, parity with independent references, bad files."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from bench.api import RequestError
from methods.glcic.checkpoint import load_generator, read_facts, save_generator
from methods.glcic.networks import Generator, GeneratorConfig, initialise

# (name in GLCIC-PyTorch, name in MMagic, in, out, kernel, stride, dilation, transposed)
LAYERS = [
    ("conv1", "encoder.enc1", 4, 64, 5, 1, 1, False),
    ("conv2", "encoder.enc2", 64, 128, 3, 2, 1, False),
    ("conv3", "encoder.enc3", 128, 128, 3, 1, 1, False),
    ("conv4", "encoder.enc4", 128, 256, 3, 2, 1, False),
    ("conv5", "encoder.enc5", 256, 256, 3, 1, 1, False),
    ("conv6", "encoder.enc6", 256, 256, 3, 1, 1, False),
    ("conv7", "dilation_neck.dilation_convs.0", 256, 256, 3, 1, 2, False),
    ("conv8", "dilation_neck.dilation_convs.1", 256, 256, 3, 1, 4, False),
    ("conv9", "dilation_neck.dilation_convs.2", 256, 256, 3, 1, 8, False),
    ("conv10", "dilation_neck.dilation_convs.3", 256, 256, 3, 1, 16, False),
    ("conv11", "decoder.dec1", 256, 256, 3, 1, 1, False),
    ("conv12", "decoder.dec2", 256, 256, 3, 1, 1, False),
    ("deconv13", "decoder.dec3", 256, 128, 4, 2, 1, True),
    ("conv14", "decoder.dec4", 128, 128, 3, 1, 1, False),
    ("deconv15", "decoder.dec5", 128, 64, 4, 2, 1, True),
    ("conv16", "decoder.dec6", 64, 32, 3, 1, 1, False),
    ("conv17", "decoder.dec7", 32, 3, 3, 1, 1, False),
]
MPV = [0.506, 0.425, 0.383]


def draw(stream: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=stream)


def synthetic(kind: str) -> OrderedDict[str, torch.Tensor]:
    """A state dict with exactly the keys and shapes of a code base's checkpoints."""
    stream = torch.Generator().manual_seed(1)
    state: OrderedDict[str, torch.Tensor] = OrderedDict()
    for i, (ours, theirs, inputs, outputs, kernel, _, _, transposed) in enumerate(LAYERS, start=1):
        conv = ours if kind == "pytorch" else f"generator.{theirs}.conv"
        norm = f"bn{i}" if kind == "pytorch" else f"generator.{theirs}.bn"
        shape = (inputs, outputs) if transposed else (outputs, inputs)
        scale = (2 / (inputs * kernel**2)) ** 0.5
        state[f"{conv}.weight"] = draw(stream, *shape, kernel, kernel) * scale
        if kind == "pytorch" or i == 17:  # MMagic's normalised convolutions have no bias
            state[f"{conv}.bias"] = draw(stream, outputs) * 0.1
        if i < 17:
            state[f"{norm}.weight"] = 1 + 0.2 * draw(stream, outputs)
            state[f"{norm}.bias"] = 0.1 * draw(stream, outputs)
            state[f"{norm}.running_mean"] = 0.1 * draw(stream, outputs)
            state[f"{norm}.running_var"] = 0.5 + draw(stream, outputs).abs()
            state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    return state


def reference(kind: str, state: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The two code bases' forward passes, written from their description with functions alone."""
    for i, (ours, theirs, _, _, _, stride, dilation, transposed) in enumerate(LAYERS, start=1):
        conv = ours if kind == "pytorch" else f"generator.{theirs}.conv"
        norm = f"bn{i}" if kind == "pytorch" else f"generator.{theirs}.bn"
        weight, bias = state[f"{conv}.weight"], state.get(f"{conv}.bias")
        if transposed:
            x = functional.conv_transpose2d(x, weight, bias, stride=2, padding=1)
        else:
            padding = dilation * (weight.shape[-1] // 2)
            x = functional.conv2d(x, weight, bias, stride, padding, dilation)
        if i == 17:
            break
        if kind == "pytorch":
            x = x.clamp(min=0)
        mean, var, gain, shift = (
            state[f"{norm}.{leaf}"][:, None, None]
            for leaf in ("running_mean", "running_var", "weight", "bias")
        )
        x = (x - mean) / (var + 1e-5).sqrt() * gain + shift
        if kind == "mmagic":
            x = x.clamp(min=0)
    return torch.sigmoid(x) if kind == "pytorch" else x.clamp(-1, 1)


def save(path: Path, state: object) -> Path:
    torch.save(state, path)
    return path


@pytest.mark.parametrize("kind", ["pytorch", "mmagic"])
def test_a_checkpoint_gives_its_code_bases_output(kind, tmp_path):
    state = synthetic(kind)
    network = load_generator(save(tmp_path / "model_cn_step400000", state))
    x = torch.rand(1, 4, 24, 32, generator=torch.Generator().manual_seed(2))
    x = x * 2 - 1 if kind == "mmagic" else x
    x[:, 3] = (x[:, 3] > 0.5).float()
    with torch.no_grad():
        assert torch.allclose(network(x), reference(kind, state, x), atol=2e-5)


def test_glcic_pytorchs_mean_comes_from_config_json(tmp_path):
    path = save(tmp_path / "model_cn_step400000", synthetic("pytorch"))
    assert load_generator(path).config.mean is None
    elsewhere = tmp_path / "other.json"
    elsewhere.write_text(json.dumps({"mpv": MPV, "data_parallel": False}))
    assert load_generator(path, elsewhere).config.mean == pytest.approx(tuple(MPV))
    (tmp_path / "config.json").write_text(json.dumps({"mpv": MPV}))
    assert load_generator(path).config.mean == pytest.approx(tuple(MPV))


@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"mpv": [1, 2]}', '{"mpv": [9, 0, 0]}'])
def test_a_config_without_usable_mpv_is_refused(text, tmp_path):
    path = save(tmp_path / "model_cn_step1", synthetic("pytorch"))
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(RequestError, match="mpv"):
        load_generator(path)


def test_data_parallel_prefix_is_taken_off(tmp_path):
    state = {f"module.{name}": tensor for name, tensor in synthetic("pytorch").items()}
    assert load_generator(save(tmp_path / "m", state)).config.order == "conv-relu-bn"


def test_mmagics_file_holds_more_than_the_generator(tmp_path):
    state = synthetic("mmagic")
    state["disc.fc.weight"] = torch.zeros(1, 2048)
    file = {"meta": {"epoch": 8, "iter": 500_000}, "state_dict": state}
    network = load_generator(save(tmp_path / "gl_256x256_8x12_places.pth", file))
    assert network.config.output == "clamp"
    assert network.config.mean == (0.5, 0.5, 0.5)


def test_old_checkpoints_without_batch_counters_load(tmp_path):
    state = {k: v for k, v in synthetic("pytorch").items() if "num_batches" not in k}
    network = load_generator(save(tmp_path / "m", state))
    assert len(network.state_dict()) >= len(state)


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("pytorch", lambda s: s.pop("conv9.bias"), r"missing keys: conv9\.bias$"),
        ("pytorch", lambda s: s.pop("conv1.weight"), r"missing keys: conv1\.weight"),
        ("pytorch", lambda s: s.update(conv18=s["conv1.bias"]), r"unexpected keys: conv18$"),
        ("pytorch", lambda s: s.update({"bn2.bias": torch.zeros(9)}), r"bn2\.bias is \(9,\) "),
        (
            "mmagic",
            lambda s: s.pop("generator.decoder.dec7.conv.bias"),
            r"missing keys: generator\.decoder\.dec7\.conv\.bias$",
        ),
        (
            "mmagic",
            lambda s: s.update({"generator.encoder.enc7.conv.weight": torch.zeros(1)}),
            r"unexpected keys: generator\.encoder\.enc7\.conv\.weight$",
        ),
    ],
)
def test_wrong_keys_and_shapes_are_named(kind, change, message, tmp_path):
    state = synthetic(kind)
    change(state)
    with pytest.raises(RequestError, match=message):
        load_generator(save(tmp_path / "m.pth", state))


class Trap:
    def __reduce__(self):
        return (print, ("executed",))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (Trap(), "refused"),
        ({"conv1.weight": Trap()}, "refused"),
        ([torch.zeros(1)], "holds a list"),
        ({"conv1.weight": "text"}, "are not tensors"),
        ({"encoder.weight": torch.zeros(1)}, "neither"),
        ({}, "no state dict"),
    ],
)
def test_anything_but_a_plain_state_dict_is_refused(content, message, tmp_path, capsys):
    with pytest.raises(RequestError, match=message):
        load_generator(save(tmp_path / "m.pth", content))
    assert "executed" not in capsys.readouterr().out


def test_missing_and_broken_files_are_refused(tmp_path):
    (tmp_path / "torn.pth").write_bytes(b"PK\x03\x04 torn")
    (tmp_path / "torn.safetensors").write_bytes(b"torn")
    for name in ("absent.pth", "absent.safetensors", "torn.pth", "torn.safetensors"):
        with pytest.raises(RequestError, match=name):
            load_generator(tmp_path / name)


def test_own_files_come_back_in_half_precision(tmp_path):
    config = GeneratorConfig(width=4, mean=(0.25, 0.5, 0.75))
    network = initialise(Generator(config), 5).eval()
    path = tmp_path / "own.safetensors"
    save_generator(path, network, {"steps": 12})
    again = load_generator(path)
    assert again.config == config
    assert read_facts(path)["steps"] == 12
    x = torch.rand(1, 4, 16, 16)
    with torch.no_grad():
        assert torch.allclose(again(x), network(x), atol=2e-3)
    first = path.read_bytes()
    save_generator(path, network, {"steps": 12})
    assert path.read_bytes() == first


def test_own_files_of_others_are_refused(tmp_path):
    from safetensors.torch import save_file

    path = tmp_path / "alien.safetensors"
    save_file({"weight": torch.zeros(2)}, path)
    with pytest.raises(RequestError, match="metadata"):
        load_generator(path)
