"""The server of `bench paint` in this process, with methods that behave and methods that do not."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from masks.growing import add_mask
from tests.conftest import write_images

pytest.importorskip("starlette", reason="bench paint needs the extra [paint]")
from starlette.testclient import TestClient

from bench.paint.app import application
from bench.paint.guard import Address
from bench.paint.studio import PaintSettings, Studio

TOKEN = "a-token-of-the-tests"
METHODS = (
    "telea:radius=4", "tests.bench.paint.plugins:Noise",
    *(f"tests.bench.paint.plugins:Faulty:fault={f}" for f in ("raise", "memory", "die", "hang")),
    "tests.bench.paint.plugins:Stepper",
)  # fmt: skip
TELEA, NOISE, RAISE, MEMORY, DIE, HANG, STEPPER = range(7)


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
