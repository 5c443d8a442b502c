"""The server of `bench paint` in this process, with methods that behave and methods that do not."""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from masks.growing import add_mask
from tests.bench.paint.browsing import DESK, start
from tests.bench.paint.methods import METHODS
from tests.browser import Opened, opened
from tests.conftest import ROOT, write_images

pytest.importorskip("starlette", reason="bench paint needs the extra [paint]")
from starlette.testclient import TestClient

from bench.paint.app import application
from bench.paint.guard import Address
from bench.paint.studio import PaintSettings, Studio

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TOKEN = "a-token-of-the-tests"


@dataclass(frozen=True)
class Page:
    """What a page does with the server."""

    client: TestClient
    studio: Studio
    folder: Path

    def get(self, path: str) -> Any:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, value: object, *, code: int = 200) -> Any:
        answer = self.client.post(path, json=value)
        assert answer.status_code == code, answer.text
        return answer.json()

    def upload(self, data: bytes, *, code: int = 200, **query: object) -> Any:
        answer = self.client.post(
            "/uploads", content=data, params={"size": "own", **query},
            headers={"content-type": "application/octet-stream"},
        )  # fmt: skip
        assert answer.status_code == code, answer.text
        return answer.json()

    def open(self, number: int = 0, size: int | None = None) -> Any:
        return self.post("/images", {"dataset": 0, "n": number, "size": size})

    def fill(
        self, image: Any, hole: np.ndarray, places: Sequence[int], **changes: object
    ) -> list[Any]:
        body = {
            "image": image["key"], "hole": bits(hole), "seed": 0, "samples": 1, "truth": True,
            "methods": [{"place": place, "parameters": {}} for place in places], **changes,
        }  # fmt: skip
        answer = self.client.post("/fills", json=body)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]


def bits(hole: np.ndarray) -> str:
    """Return a hole as the page sends it."""
    return base64.b64encode(np.packbits(hole).tobytes()).decode()


def box(height: int = 32, width: int = 32) -> np.ndarray:
    """Return a hole in the middle."""
    hole = np.zeros((height, width), bool)
    hole[height // 4 : height // 2, width // 4 : width // 2] = True
    return hole


@contextmanager
def served(folder: Path, **settings: Any) -> Iterator[Page]:
    """Serve a page over three images and METHODS."""
    images = write_images(folder / "photographs", 3)
    paint_settings = PaintSettings(
        add_mask, f"folder:{images}", METHODS, pack=folder / "my pack", **settings
    )
    own = "http://127.0.0.1:8000"
    with closing(Studio(paint_settings)) as studio:
        app = application(studio, Address("127.0.0.1", 8000, TOKEN))
        with TestClient(app, base_url=f"{own}/{TOKEN}", headers={"origin": own}) as client:
            yield Page(client, studio, folder)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with served(tmp_path_factory.mktemp("paint")) as shown:
        yield shown


@pytest.fixture(scope="module")
def address(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server in a process of its own; Ctrl-C ends it cleanly."""
    folder = tmp_path_factory.mktemp("page")
    images = write_images(folder / "photographs", 3, size=64)
    code = (
        "import sys\nfrom bench.cli import main\nif __name__ == '__main__':\n    main(sys.argv[1:])"
    )
    command = [
        *(sys.executable, "-c", code, "paint", "--no-browser", "--size", "64"),
        *("--dataset", f"folder:{images}", "--method", ",".join(METHODS), "--pack", "kept"),
    ]
    server = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert server.stderr is not None
    line = server.stderr.readline()
    match = re.search(r"http://\S+", line)
    assert match, line
    yield match[0]
    server.send_signal(signal.SIGINT)
    _, said = server.communicate(timeout=120)
    assert server.returncode == 0
    assert "Error" not in said


@pytest.fixture
def desk(chromium: Browser, address: str) -> Iterator[Opened]:
    """The page at a desk, its first image open; the console stays silent, no other host asked."""
    with opened(chromium, **DESK, permissions=["clipboard-read", "clipboard-write"]) as shown:
        start(shown, address)
        yield shown
        assert shown.problems == []
        assert all(url.startswith((address, "data:", "blob:")) for url in shown.requests)
