"""A private folder of temporary files, and few images."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests.conftest import write_images


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of temporary files that has to be empty afterwards."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder of few images: every start of a program takes a moment."""
    return write_images(tmp_path / "images", 3)
