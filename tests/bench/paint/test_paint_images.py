"""Images and holes of the page: datasets, files of every kind, generators, masks of either kind."""

from __future__ import annotations

import base64
import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bench.api import RequestError
from bench.api.imaging import decode_png
from bench.complete.masked_image import mask_image
from bench.paint.cards import Cards
from bench.plan.request import Request, runs
from tests.bench.paint.conftest import Page, box
from tests.bench.paint.methods import NOISE


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def ramp(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    levels = (rows * 255 // max(1, height - 1), columns * 255 // max(1, width - 1), rows * 0 + 60)
    return np.stack(levels, axis=2).astype(np.uint8)


def pixels(page: Page, picture: Any) -> np.ndarray:
    data = page.client.get(f"/images/{picture['key']}.png").content
    return decode_png(data).permute(1, 2, 0).numpy()


def unpacked(data: Any, height: int, width: int) -> np.ndarray:
    flat = np.unpackbits(np.frombuffer(base64.b64decode(data["hole"]), np.uint8))
    return flat[: height * width].reshape(height, width).astype(bool)


def test_a_dataset_is_listed_searched_and_shown(page: Page) -> None:
    listed = page.get("/datasets/0")
    assert listed["total"] == 3
    assert listed["images"][1] == {"n": 1, "id": "001"}
    assert page.get("/datasets/0?search=02")["images"] == [{"n": 2, "id": "002"}]
    assert page.get("/datasets/0?search=nothing")["total"] == 0
    thumbnail = page.client.get("/datasets/0/1.webp")
    with Image.open(io.BytesIO(thumbnail.content)) as image:
        assert max(image.size) <= 96
    assert page.client.get("/datasets/0/99.webp").status_code == 422
    assert page.client.get("/datasets/99").status_code == 422
    assert page.client.get("/datasets/0?start=x").status_code == 422


def test_an_image_has_the_size_of_a_run(page: Page) -> None:
    assert page.open(0, None)["width"] == 32
    picture = page.open(1, 64)
    assert (picture["name"], picture["height"], picture["width"]) == ("001", 64, 64)
    (run,) = runs(Request(("telea",), ("center-box",), f"folder:{page.folder}/photographs", 64))
    target = run.dataset.load("001").mul(255).round().permute(1, 2, 0).numpy()
    assert (pixels(page, picture) == target).all()
    wrong = {"dataset": 0, "n": 0, "size": 4096}
    assert "8..1024" in page.post("/images", wrong, code=422)["error"]


def test_a_file_is_taken_as_a_folder_takes_it(page: Page) -> None:
    plain = ramp(40, 24)
    picture = page.upload(encoded(Image.fromarray(plain)), name="my photo.png")
    assert (picture["name"], picture["hole"]) == ("my photo", None)
    assert (pixels(page, picture) == plain).all()
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = page.upload(encoded(Image.fromarray(plain), exif=exif))
    assert (turned["height"], turned["width"]) == (24, 40)
    wide = plain[:, :, 0].astype(np.uint16) * 257
    grey = page.upload(encoded(Image.fromarray(wide)))
    assert (pixels(page, grey) == plain[:, :, :1]).all()
    square = page.upload(encoded(Image.fromarray(ramp(80, 64))), size=32)
    assert (square["height"], square["width"]) == (32, 32)


def test_an_alpha_channel_is_a_hole(page: Page) -> None:
    rgba = np.dstack([ramp(32, 32), np.full((32, 32), 255, np.uint8)])
    rgba[4:10, 6:20, 3] = 0
    picture = page.upload(encoded(Image.fromarray(rgba)))
    assert (unpacked(picture, 32, 32) == (rgba[:, :, 3] == 0)).all()
    assert (pixels(page, picture)[5, 8] == 255).all()
    opaque = page.upload(encoded(Image.fromarray(rgba | np.array([0, 0, 0, 255], np.uint8))))
    assert opaque["hole"] is None
    half = page.upload(encoded(Image.fromarray(rgba)), size=16)
    assert (unpacked(half, 16, 16) == (rgba[::2, ::2, 3] == 0)).all()


@pytest.mark.parametrize(
    ("data", "query", "message"),
    [
        (b"", {}, "the file is empty"),
        (b"no image at all", {}, "of no known format"),
        (encoded(Image.fromarray(ramp(64, 64)))[:100], {}, "not a readable image"),
        (b"%PDF-1.4\n%broken", {}, "of no known format"),
        (b"GIF89a" + b"\xff" * 40, {}, "not a readable image"),
        (encoded(Image.fromarray(ramp(4, 400))), {}, "sides of 8 to 1024"),
        (encoded(Image.new("1", (2000, 1100))), {}, "sides of 8 to 1024"),
        (encoded(Image.new("1", (9000, 9000))), {"size": 64}, "at most 64,000,000"),
        (encoded(Image.fromarray(ramp(32, 32))), {"size": 2000}, "8 to 1024"),
        (encoded(Image.fromarray(ramp(32, 32))), {"size": "x"}, "not a whole number"),
    ],
)  # fmt: skip
def test_a_broken_or_large_file_is_one_line(
    page: Page, data: bytes, query: dict[str, object], message: str
) -> None:
    error = page.upload(data, code=422, **query)["error"]
    assert message in error
    assert "\n" not in error


def test_a_generators_hole_is_the_one_of_the_run_with_its_seed(page: Page) -> None:
    names = [one["name"] for one in page.get("/choices")["masks"]]
    picture = page.open(2, 64)
    for name, parameters in (("free-form", {}), ("irregular", {"bin": "20-30"})):
        mask = {"place": names.index(name), "parameters": parameters}
        asked = {"image": picture["key"], "mask": mask, "seed": 5}
        data = page.post("/holes", asked)
        text = ":bin=".join([name, *parameters.values()])
        assert data["text"] == text
        dataset = f"folder:{page.folder}/photographs"
        (run,) = runs(Request(("telea",), (text,), dataset, 64, mask_seed=5))
        expected = mask_image(run, "002").hole[0].numpy()
        assert (unpacked(data, 64, 64) == expected).all()
        other = page.post("/holes", {**asked, "seed": 6})
        assert other["hole"] != data["hole"]
    wrong = {**asked, "mask": {"place": names.index("irregular"), "parameters": {"bin": "7"}}}
    assert "bin" in page.post("/holes", wrong, code=422)["error"]


def test_a_mask_file_is_read_and_resized(page: Page) -> None:
    picture = page.open(0, 32)
    white = np.zeros((64, 64), np.uint8)
    white[:32, 16:48] = 255
    for levels in (white, white // 255):
        answer = page.client.post(
            "/masks", content=encoded(Image.fromarray(levels)), params={"image": picture["key"]},
            headers={"content-type": "application/octet-stream"},
        )  # fmt: skip
        assert (unpacked(answer.json(), 32, 32) == (white[::2, ::2] > 0)).all()


def test_only_the_last_cards_are_kept(page: Page) -> None:
    (event,) = [e for e in page.fill(page.open(), box(), [NOISE]) if e["event"] == "done"]
    card = page.studio.cards.get(event["card"])
    cards = Cards()
    for number in range(200):
        cards.add(replace(card, key=f"k{number}"))
    with pytest.raises(RequestError, match="no longer kept"):
        cards.get("k0")
    assert cards.get("k199").output == card.output
    large = Cards()
    for number in range(3):
        large.add(replace(card, key=f"k{number}", output=bytes(90_000_000)))
    assert large.get("k2")
    with pytest.raises(RequestError, match="no longer kept"):
        large.get("k0")


def test_only_the_last_images_are_kept(page: Page) -> None:
    first = page.open()
    for _ in range(24):
        page.open(1)
    assert page.client.get(f"/images/{first['key']}.png").status_code == 422
