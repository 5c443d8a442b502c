"""What every test of faults starts from: ten images, and a run of them that nothing disturbed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import write_images
from tests.faults.running import go, kept, make_runs


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_images(tmp_path_factory.mktemp("data") / "images", 10, 16)


@pytest.fixture(scope="module")
def undisturbed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("calm")
    return kept(go(make_runs("telea", "random-box", folder), out).path)
