"""Painting on the page of `bench paint` in a browser, by mouse, touch and keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.bench.paint.methods import TELEA
from tests.browser import Opened, opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser
from tests.bench.paint.browsing import DESK, PHONE, only, painted, run, share, start, stroke, until


def test_paint_erase_undo_and_redo(desk: Opened) -> None:
    assert share(desk) == 0
    assert desk.page.locator("#fill").is_disabled()
    painted(desk)
    first = share(desk)
    assert first > 5
    desk.page.click('[data-tool="eraser"]')
    stroke(desk, (0.6, 0.5), (0.6, 0.5))
    smaller = share(desk)
    assert 0 < smaller < first
    desk.page.click('[data-action="undo"]')
    assert share(desk) == first
    desk.page.keyboard.press("Control+z")
    assert share(desk) == 0
    desk.page.keyboard.press("y")
    desk.page.keyboard.press("Control+Shift+z")
    assert share(desk) == smaller
    desk.page.keyboard.press("i")
    assert share(desk) == pytest.approx(100 - smaller, abs=1)
    desk.page.keyboard.press("x")
    assert share(desk) == 0


def test_box_lasso_and_fill_in(desk: Opened) -> None:
    desk.page.keyboard.press("r")
    stroke(desk, (0.25, 0.25), (0.5, 0.75))
    assert share(desk) == pytest.approx(12.5, abs=1)
    desk.page.keyboard.press("x")
    desk.page.keyboard.press("l")
    stroke(desk, (0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
    assert share(desk) == pytest.approx(25, abs=2)
    desk.page.keyboard.press("i")
    desk.page.keyboard.press("f")
    stroke(desk, (0.5, 0.5), (0.5, 0.5))
    assert share(desk) == 100
    assert desk.page.locator("#fill").is_disabled()


def test_the_brush_grows_by_wheel_and_keys(desk: Opened) -> None:
    size = "Number(document.querySelector('#brush').value)"
    before = desk.js(size)
    desk.page.keyboard.press("]")
    larger = desk.js(size)
    assert larger > before
    desk.page.locator("#easel").hover()
    desk.page.mouse.wheel(0, 400)
    desk.wait(f"{size} < {larger}")


def test_a_generator_draws_and_its_seed_rolls(desk: Opened) -> None:
    desk.page.click("#mask-panel > summary")
    desk.page.select_option("#mask", label="random-box")
    desk.page.click("#draw")
    until(desk, "Drawn by random-box, mask seed 0")
    overlay = "document.querySelector('#overlay').toDataURL()"
    first = desk.js(overlay)
    assert 12 < share(desk) < 27
    desk.page.click("#roll")
    until(desk, "Drawn by random-box, mask seed 1")
    assert desk.js(overlay) != first
    desk.page.keyboard.press("z")
    assert desk.js(overlay) == first


def test_a_stroke_fills_when_it_ends(desk: Opened) -> None:
    desk.page.check("#live")
    painted(desk)
    until(desk, "Done")
    stroke(desk, (0.2, 0.8), (0.5, 0.8))
    desk.wait("document.querySelectorAll('.filling').length === 2")
    until(desk, "Done")
    assert desk.js("document.querySelectorAll('.filling').length") == 2


def drop(shown: Opened, name: str, data: bytes) -> None:
    """Drop a file onto the page."""
    code = """([name, bytes]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], name));
        document.querySelector('#easel').dispatchEvent(
            new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }));
    }"""
    shown.page.evaluate(code, [name, list(data)])


def test_a_dropped_file_opens_and_a_broken_one_is_one_line(
    chromium: Browser, address: str, tmp_path: Path
) -> None:
    rgba = np.full((64, 48, 4), 255, np.uint8)
    rgba[10:30, 10:30, 3] = 0
    Image.fromarray(rgba).save(tmp_path / "mine.png")
    with opened(chromium, **DESK) as shown:
        start(shown, address)
        drop(shown, "broken.png", b"this is no image")
        until(shown, "This is not a readable image")
        assert shown.texts("#about")[0].startswith("000,")
        # Chromium itself writes a refused request to the console.
        assert all("422" in problem for problem in shown.problems)
        shown.page.select_option("#size", "own")
        shown.wait("document.querySelector('#about').textContent.startsWith('000, 64')")
        drop(shown, "mine.png", (tmp_path / "mine.png").read_bytes())
        until(shown, "The transparent part")
        assert shown.texts("#about")[0] == "mine, 48 × 64,"
        assert share(shown) == pytest.approx(100 * 400 / (48 * 64), abs=1)
        assert shown.page.is_checked("#no-truth")
        run(shown)
        assert shown.texts(".scores") == ["no truth, no scores"]


def test_a_pasted_picture_opens(desk: Opened, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), (9, 90, 200)).save(tmp_path / "x.png")
    code = """(bytes) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([new Uint8Array(bytes)], 'clip.png', { type: 'image/png' }));
        document.dispatchEvent(new ClipboardEvent('paste', { clipboardData: transfer }));
    }"""
    desk.page.evaluate(code, list((tmp_path / "x.png").read_bytes()))
    desk.wait("document.querySelector('#about').textContent.startsWith('clip')")
    assert desk.texts("#about") == ["clip, 64 × 64,"]


def test_everything_by_keyboard_alone(desk: Opened) -> None:
    press: Any = desk.page.keyboard.press
    press("p")
    assert desk.js("document.activeElement.id") == "easel"
    for _ in range(3):
        press(" ")
        press("ArrowRight")
    assert share(desk) > 3
    press("r")
    press(" ")
    press("ArrowDown")
    press("ArrowRight")
    press(" ")
    press("Enter")
    until(desk, "Done")
    press("2")
    assert desk.texts("#stage .tag")[1] == "hole"
    press("Alt+3")
    assert desk.texts("#stage .tag")[0] == "telea:radius=4"
    press("?")
    assert desk.page.locator("#keys").is_visible()
    reached = set()
    for _ in range(40):
        press("Tab")
        reached.add(desk.js("document.activeElement.id || document.activeElement.tagName"))
    assert {"fill", "left", "right", "stage", "slider", "dataset"} <= reached


def test_a_phone_paints_by_touch_and_needs_no_sideways_scrolling(
    chromium: Browser, address: str
) -> None:
    with opened(chromium, **PHONE) as shown:
        shown.page.goto(address)
        shown.wait("document.querySelector('#image').naturalWidth === 64")
        assert shown.js("document.documentElement.scrollWidth") <= 390
        shown.page.tap("#method-panel > summary")
        only(shown, TELEA)
        shown.page.locator("#easel").tap(position={"x": 150, "y": 150})
        assert share(shown) > 0
        shown.page.tap("#fill")
        until(shown, "Done")
        assert shown.js("document.documentElement.scrollWidth") <= 390
        box = shown.page.locator("#stage").bounding_box()
        assert box
        assert box["width"] > 350
        assert shown.problems == []


def test_dark_by_the_system_and_by_the_button(desk: Opened) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    assert desk.js(paper) == "rgb(255, 255, 255)"
    desk.page.emulate_media(color_scheme="dark")
    assert desk.js(paper) == "rgb(20, 22, 26)"
    desk.page.click("#theme")
    assert desk.js(paper) == "rgb(255, 255, 255)"
