"""Generators from files: this project's own, GLCIC-PyTorch's and MMagic's, and back to files.

Whose keys, in which order a layer works, and the range of input and output:

- own (.safetensors): convs.{0..16}, norms.{0..15}; order and range stand in the metadata;
- GLCIC-PyTorch's `model_cn_step*` with config.json: conv1..12, deconv13, conv14, deconv15, conv16,
  conv17, bn1..16; conv, ReLU, BN; [0, 1] with a sigmoid;
- MMagic's `gl_256x256_8x12_*`: generator.encoder.enc{1..6}, generator.dilation_neck.dilation_convs.
  {0..3}, generator.decoder.dec{1..7}, each `.conv` and `.bn`; conv, BN, ReLU; clamped to [-1, 1].
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open

from bench.api import Json, RequestError
from methods.common.checkpoints import load_checkpoint, load_weights, save_weights
from methods.glcic.networks import Generator, GeneratorConfig

State = Mapping[str, torch.Tensor]

GLCIC_PYTORCH = [f"{'deconv' if i in (13, 15) else 'conv'}{i}" for i in range(1, 18)]
MMAGIC = [
    *(f"generator.encoder.enc{i}" for i in range(1, 7)),
    *(f"generator.dilation_neck.dilation_convs.{i}" for i in range(4)),
    *(f"generator.decoder.dec{i}" for i in range(1, 8)),
]


def load_generator(path: Path, config: Path | None = None) -> Generator:
    """Return the generator in a file, in evaluation mode, on the CPU.

    Its forward takes the 4-channel input of the code base that wrote the file and gives that one's
    output (the table above); `module.config` says which.  config: GLCIC-PyTorch's config.json with
    `mpv`, by default the one beside `path`; without one, `module.config.mean` is None.
    Raises RequestError for anything but a plain state dict with exactly the keys and shapes above.
    """
    if path.suffix == ".safetensors":
        return _load_own(path)
    state = _tensors(path, load_checkpoint(path))
    if any(name.startswith("generator.") for name in state):
        return _load_mmagic(path, state)
    if any(name.removeprefix("module.").startswith(("conv", "deconv")) for name in state):
        return _load_glcic_pytorch(path, state, config)
    raise RequestError(
        f"{path} is refused: its keys ({_few(sorted(state))}) are neither "
        "GLCIC-PyTorch's (conv1.weight, ...) nor MMagic's (generator.encoder.enc1.conv.weight, ...)"
    )


def save_generator(path: Path, generator: Generator, facts: Mapping[str, Json]) -> None:
    """Save a generator in half precision, with its configuration and other facts as metadata.

    One metadata entry of JSON with sorted keys: safetensors writes several in a random order, and
    the same training should end with the same bytes.
    """
    state = {
        name: tensor.half()
        for name, tensor in generator.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    metadata = {**facts, "generator": dataclasses.asdict(generator.config)}
    save_weights(path, state, {"glcic": json.dumps(metadata, sort_keys=True)})


def read_facts(path: Path) -> dict[str, Json]:
    """Return the metadata that `save_generator` wrote into a file."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = (file.metadata() or {}).get("glcic")
    except (OSError, SafetensorError) as error:
        raise RequestError(f"{path} is not a whole safetensors file ({error})") from error
    if metadata is None:
        raise RequestError(
            f"{path} is refused: it has no metadata 'glcic'; allowed: files of `bench train glcic`"
        )
    facts: dict[str, Json] = json.loads(metadata)
    return facts


def recommended_blend(path: Path) -> str:
    """Return the post-processing that suits a file of weights best: by default the paper's."""
    if path.suffix != ".safetensors":
        return "poisson"
    recipe = read_facts(path).get("recipe")
    return str(recipe.get("blend", "poisson")) if isinstance(recipe, Mapping) else "poisson"


def training_side(path: Path) -> int | None:
    """Return the side of the images that this project's weights were trained on."""
    recipe = read_facts(path).get("recipe") if path.suffix == ".safetensors" else None
    side = recipe.get("size") if isinstance(recipe, Mapping) else None
    return side if isinstance(side, int) else None


def _load_own(path: Path) -> Generator:
    """Load what `save_generator` wrote, into float32."""
    config = _config(path, read_facts(path).get("generator"))
    return _fill(path, Generator(config), load_weights(path), {})


def _config(path: Path, facts: Any) -> GeneratorConfig:
    """Return a generator's configuration from JSON; raises RequestError for unknown entries."""
    fields = {field.name for field in dataclasses.fields(GeneratorConfig)}
    if not isinstance(facts, dict) or (unknown := sorted(facts.keys() - fields)):
        strange = _few(unknown) if isinstance(facts, dict) else repr(facts)
        raise RequestError(f"{path} is refused: unknown facts of its generator: {strange}")
    mean = facts.get("mean")
    return GeneratorConfig(**facts | {"mean": None if mean is None else tuple(mean)})


def _load_mmagic(path: Path, state: State) -> Generator:
    """Load MMagic's: convolutions with a norm have no bias; the discriminator's keys are left."""
    parts = {name: tensor for name, tensor in state.items() if name.startswith("generator.")}
    width = _width(path, parts, f"{MMAGIC[0]}.conv.weight")
    network = Generator(
        GeneratorConfig(width=width, skips=False, output="clamp", mean=(0.5, 0.5, 0.5))
    )
    names: dict[str, str] = {}
    for i, theirs in enumerate(MMAGIC):
        names[f"convs.{i}"] = f"{theirs}.conv"
        names[f"norms.{i}"] = f"{theirs}.bn"
    # mmcv's ConvModule gives a normalised convolution no bias: ours is 0.
    biases = {
        f"convs.{i}.bias": torch.zeros_like(network.get_parameter(f"convs.{i}.bias"))
        for i in range(16)
    }
    if f"{MMAGIC[0]}.conv.bias" in parts:
        biases = {}
    return _fill(path, network, parts, names, biases)


def _load_glcic_pytorch(path: Path, state: State, config: Path | None) -> Generator:
    """Load GLCIC-PyTorch's, also when it was saved through DataParallel."""
    state = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    width = _width(path, state, "conv1.weight")
    config = config or path.with_name("config.json")
    mean = read_mpv(config) if config.is_file() else None
    network = Generator(GeneratorConfig(width=width, skips=False, order="conv-relu-bn", mean=mean))
    names = {f"convs.{i}": theirs for i, theirs in enumerate(GLCIC_PYTORCH)}
    names |= {f"norms.{i}": f"bn{i + 1}" for i in range(16)}
    return _fill(path, network, state, names)


def read_mpv(config: Path) -> tuple[float, float, float]:
    """Return the mean pixel value of GLCIC-PyTorch's config.json: RGB in [0, 1]."""
    try:
        mpv = json.loads(config.read_text())["mpv"]
        red, green, blue = (float(value) for value in mpv)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"{config} has no usable 'mpv' ({type(error).__name__}: {error}); "
            "give GLCIC-PyTorch's config.json with three numbers in [0, 1]"
        ) from error
    if not all(0 <= value <= 1 for value in (red, green, blue)):
        raise RequestError(f"{config} has mpv={mpv}; allowed: three numbers in [0, 1]")
    return red, green, blue


def _tensors(path: Path, state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """Return the state dict in a checkpoint: the file itself, or its entry `state_dict`."""
    inner = state.get("state_dict", state)
    if not isinstance(inner, dict) or not inner:
        raise RequestError(
            f"{path} is refused: it holds no state dict; allowed: a plain state dict"
        )
    strange = [str(name) for name, value in inner.items() if not isinstance(value, torch.Tensor)]
    if strange:
        raise RequestError(
            f"{path} is refused: entries that are not tensors ({_few(strange)}); "
            "allowed: a plain state dict"
        )
    return dict(inner)


def _width(path: Path, state: State, key: str) -> int:
    """Return the outputs of the first convolution."""
    if key not in state:
        raise RequestError(f"{path} is refused: missing keys: {key}")
    return len(state[key])


def _fill(
    path: Path,
    network: Generator,
    state: State,
    names: Mapping[str, str],
    constants: State | None = None,
) -> Generator:
    """Put a state dict into the network.

    names: our module -> theirs.  constants: values of ours that have no counterpart in the file.
    Counters of batches may be absent.  Raises RequestError naming keys and shapes that differ.
    """
    constants = constants or {}
    current = network.state_dict()
    theirs = {ours: _their_key(ours, names) for ours in current if ours not in constants}
    _check_keys(path, list(theirs.values()), state)
    loaded = {ours: state.get(key, current[ours]) for ours, key in theirs.items()}
    differing = [
        f"{theirs[ours]} is {tuple(tensor.shape)} (allowed: {tuple(current[ours].shape)})"
        for ours, tensor in loaded.items()
        if tensor.shape != current[ours].shape
    ]
    if differing:
        raise RequestError(f"{path} is refused: {_few(differing)}")
    network.load_state_dict({**loaded, **constants})
    return network.eval().requires_grad_(False)


def _their_key(ours: str, names: Mapping[str, str]) -> str:
    """Return the key that an entry of our state dict has in the file."""
    module, _, leaf = ours.rpartition(".")
    return f"{names.get(module, module)}.{leaf}"


def _check_keys(path: Path, expected: Sequence[str], state: State) -> None:
    """Raise RequestError naming the keys that the file lacks or has beyond the expected ones."""
    missing = [
        key for key in expected if key not in state and not key.endswith("num_batches_tracked")
    ]
    unexpected = sorted(state.keys() - set(expected))
    if missing or unexpected:
        problems = [f"missing keys: {_few(missing)}"] if missing else []
        problems += [f"unexpected keys: {_few(unexpected)}"] if unexpected else []
        raise RequestError(f"{path} is refused: {'; '.join(problems)}")


def _few(names: Sequence[str]) -> str:
    """Return the first five, and how many more."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
