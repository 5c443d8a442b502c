"""Filling painted holes: the bytes of a run, scores, steps, failures, cancelling, limits."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bench.api.imaging import decode_png, encode_png
from bench.paint.fills import Order
from bench.paint.painted import painting
from bench.paint.studio import PaintSettings, Studio
from bench.paint.worker import METRICS
from masks.growing import add_mask
from tests.bench.paint.conftest import Page, bits, box, served
from tests.bench.paint.methods import DIE, HANG, MEMORY, METHODS, NOISE, RAISE, STEPPER, TELEA


def of(events: list[Any], kind: str) -> list[Any]:
    return [event for event in events if event["event"] == kind]


def test_cards_come_with_pictures_scores_and_an_end(page: Page) -> None:
    events = page.fill(page.open(), box(), [TELEA, NOISE])
    begin, end = events[0], events[-1]
    assert begin["event"] == "begin"
    assert begin["share"] == pytest.approx(1 / 16)
    assert [card["label"] for card in begin["cards"]] == [
        "telea:radius=4", "tests.bench.paint.plugins:Noise",
    ]  # fmt: skip
    assert end == {"event": "end"}
    assert {event["card"] for event in of(events, "done")} == {c["key"] for c in begin["cards"]}
    for scored in of(events, "scores"):
        assert set(scored["scores"]) == set(METRICS)
        assert scored["scores"]["l1"] == pytest.approx(scored["scores"]["l1_hole"] / 16, rel=1e-3)


def test_known_pixels_are_the_images_and_the_hole_is_filled(page: Page) -> None:
    image = page.open()
    (done,) = of(page.fill(image, box(), [NOISE]), "done")
    target = decode_png(page.client.get(f"/images/{image['key']}.png").content).numpy()
    output = decode_png(page.client.get(f"/cards/{done['card']}.png").content).numpy()
    assert (target == output)[:, ~box()].all()
    assert (target != output)[:, box()].mean() > 0.9


def test_samples_differ_and_come_again_with_their_seed(page: Page) -> None:
    image = page.open()

    def outputs(seed: int) -> list[bytes]:
        events = page.fill(image, box(), [NOISE], samples=2, seed=seed)
        keys = sorted(event["card"] for event in of(events, "done"))
        return [page.client.get(f"/cards/{key}.png").content for key in keys]

    first, second = outputs(0)
    assert first != second
    assert outputs(0) == [first, second]
    assert outputs(1)[0] not in {first, second}


def test_without_truth_there_are_no_scores(page: Page) -> None:
    events = page.fill(page.open(), box(), [NOISE], truth=False)
    assert not of(events, "scores")
    assert of(events, "done")[0]["truth"] is False


def test_steps_are_shown_while_a_method_works(page: Page) -> None:
    events = page.fill(page.open(), box(), [STEPPER])
    steps = of(events, "step")
    levels = [step["level"] for step in steps]
    assert levels
    assert levels == sorted(levels, reverse=True)
    assert {step["levels"] for step in steps} == {4}
    assert all(step["image"].startswith("data:image/png;base64,") for step in steps)
    assert of(events, "done")[0]["evaluations"] == 4
    assert events.index(steps[-1]) < events.index(of(events, "done")[0])


def test_what_fails_is_one_card_with_one_line_and_others_are_filled(page: Page) -> None:
    events = page.fill(page.open(), box(), [RAISE, MEMORY, DIE, NOISE])
    labels = {card["key"]: card["label"].rpartition("=")[2] for card in events[0]["cards"]}
    errors = {labels[event["card"]]: event["error"] for event in of(events, "failed")}
    assert set(errors) == {"raise", "memory", "die"}
    assert all("\n" not in error for error in errors.values())
    assert "no such thing" in errors["raise"]
    assert errors["memory"].startswith("out of memory")
    assert "died (exit code -9)" in errors["die"]
    assert len(of(events, "done")) == 1


def test_what_hangs_is_stopped(tmp_path: Path) -> None:
    with served(tmp_path, timeout=0.5) as page:
        (failed,) = of(page.fill(page.open(), box(), [HANG]), "failed")
    assert failed["error"] == "stopped after 0.5 s (--timeout)"


def test_a_cancelled_filling_ends_its_worker_and_the_next_one_works(tmp_path: Path) -> None:
    """The first would sleep for ten minutes; the second needs the same worker."""
    png = encode_png(torch.full((3, 32, 32), 99, dtype=torch.uint8))
    painted = painting("x", png, np.packbits(box()).tobytes(), 32, 32, truth=False)

    async def errors() -> list[Any]:
        studio = Studio(PaintSettings(add_mask, methods=METHODS, timeout=600, pack=tmp_path))
        hang, fail = (Order(painted, [studio.methods.choose(k, {})], 0, 1) for k in (HANG, RAISE))
        events = studio.fills.answers(hang)
        async for event in events:
            if event["event"] == "start":
                break
        await events.aclose()
        try:
            return of([event async for event in studio.fills.answers(fail)], "failed")
        finally:
            studio.close()

    (failed,) = asyncio.run(errors())
    assert "no such thing" in failed["error"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": []}, "No method is chosen"),
        ({"methods": [{"place": 99}]}, "There is no method at place 99."),
        ({"methods": [{"place": 0, "parameters": {"radius": "9"}}]}, "taken as it was given"),
        ({"methods": [{"place": 7, "parameters": {"radios": "9"}}]}, "Unknown parameter 'radios'"),
        ({"methods": [{"place": "x"}]}, "not a whole number"),
        ({"methods": 3}, "give a list"),
        ({"samples": 9}, "samples=9: give a whole number in 1..8."),
        ({"samples": 8, "methods": [{"place": 1}] * 7}, "at most 48 may"),
        ({"seed": -1}, "seed=-1"),
        ({"truth": "yes"}, "give true or false"),
        ({"image": "p0"}, "no longer kept"),
        ({"image": "../../etc/passwd"}, "no longer kept"),
        ({"hole": "####"}, "give bytes in base64"),
        ({"hole": "AAAA"}, "the hole has 3 bytes"),
        ({"hole": bits(np.zeros((32, 32), bool))}, "The hole covers nothing"),
        ({"hole": bits(np.ones((32, 32), bool))}, "The hole covers everything"),
    ],
)
def test_a_wrong_order_is_one_line(page: Page, changes: dict[str, Any], message: str) -> None:
    body = {
        "image": page.open()["key"], "hole": bits(box()), "methods": [{"place": 1}], "seed": 0,
        "samples": 1, "truth": True, **changes,
    }  # fmt: skip
    error = page.post("/fills", body, code=422)["error"]
    assert message in error
    assert "\n" not in error


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"', b"[" * 100_000])
def test_what_is_no_order_is_one_line(page: Page, body: bytes) -> None:
    answer = page.client.post("/fills", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert "JSON" in answer.json()["error"]


def test_no_parameter_of_the_page_leads_to_a_file(page: Page) -> None:
    offers = page.get("/choices")["methods"]
    place = next(k for k, one in enumerate(offers) if one["name"] == "ddpm")
    names = {field["name"] for field in offers[place]["fields"]}
    assert {"sampler", "weights", "precision"} <= names
    assert "path" not in names
    body = {
        "image": page.open()["key"], "hole": bits(box()), "seed": 0, "samples": 1, "truth": True,
    }  # fmt: skip
    for parameters in ({"path": "/etc/passwd"}, {"weights": "auto,path=/etc/passwd"}):
        methods = [{"place": place, "parameters": parameters}]
        error = page.post("/fills", {**body, "methods": methods}, code=422)["error"]
        assert "Unknown parameter 'path'" in error or "without , or =" in error
    assert not {"torchscript", "folder"} & {one["name"] for one in offers}
    assert "folder" not in {one["name"] for one in page.get("/choices")["masks"]}


def test_a_zip_holds_the_hole_the_outputs_and_the_scores(page: Page) -> None:
    events = page.fill(page.open(), box(), [TELEA, NOISE], samples=2)
    keys = [event["card"] for event in of(events, "done")]
    answer = page.client.get("/cards.zip", params={"cards": ",".join(keys)})
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        names = archive.namelist()
        table = archive.read("scores.csv").decode().splitlines()
    assert len([name for name in names if "/outputs/" in name]) == 4
    assert len([name for name in names if name.endswith(("/hole.png", "/target.png"))]) == 2
    assert len(table) == 5
    assert table[0].startswith("id,method,seed,sample,hole_fraction,seconds,evaluations,l1,")
    assert all(line.count(",") == table[0].count(",") for line in table)
