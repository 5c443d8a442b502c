"""Fixtures that every test may use: a small folder of images, and the command line in a process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from bench.api.seeds import derive_seed, numpy_stream
from bench.cli import main
from tests import browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ROOT = Path(__file__).resolve().parents[1]
Bench = Callable[..., "subprocess.CompletedProcess[str]"]


def write_images(folder: Path, count: int, size: int = 32) -> Path:
    """Write smooth random RGB images 000.png, 001.png, ... into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        coarse = numpy_stream(derive_seed("image", i)).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC).save(
            folder / f"{i:03d}.png"
        )
    return folder


def wait_until(condition: Callable[[], object], *, seconds: float = 400) -> None:
    """Wait for a condition; fail when it does not come.  Slow machines need patience, not luck."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited for {seconds} s in vain"
        time.sleep(0.005)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of six 32x32 images."""
    return write_images(tmp_path / "images", 6)


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Run the command line in a process of its own; returns the finished process."""

    def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        code = "import sys; from bench.cli import main; main(sys.argv[1:])"
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
            capture_output=True,
            text=True,
            cwd=cwd or ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    return run


@pytest.fixture
def here(capsys: pytest.CaptureFixture[str]) -> Bench:
    """Run the command line in this process: for what a process of its own would only slow down."""

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        words = [str(argument) for argument in arguments]
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(words)
        assert isinstance(ended.value.code, int)
        printed = capsys.readouterr()
        return subprocess.CompletedProcess(words, ended.value.code, printed.out, printed.err)

    return run


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium; of the module, since while one runs asyncio.run does not work here."""
    if reason := browser.why_not():
        pytest.skip(reason)
    with browser.started() as running:
        yield running
