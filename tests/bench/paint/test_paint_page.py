"""The page of `bench paint` in a browser, by mouse, touch and keyboard, against a real server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from tests.bench.paint.conftest import DIE, HANG, METHODS, NOISE, RAISE, STEPPER, TELEA
from tests.browser import Opened, opened
from tests.conftest import ROOT, write_images

if TYPE_CHECKING:
    from playwright.sync_api import Browser

DESK = {"viewport": {"width": 1400, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


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


def start(shown: Opened, address: str) -> None:
    shown.page.goto(address)
    shown.wait("document.querySelector('#image').naturalWidth === 64")
    shown.page.locator(".method-row input[type=checkbox]").first.wait_for(state="attached")
    only(shown, TELEA)


def only(shown: Opened, *places: int) -> None:
    """Choose these methods and no others."""
    boxes = shown.page.locator(".method-row > label input")
    for place in range(len(METHODS)):
        boxes.nth(place).set_checked(place in places)


def stroke(shown: Opened, *points: tuple[float, float], pane: str = "#easel") -> None:
    """Draw with the mouse; points in 0..1 of the image."""
    box = shown.page.locator(pane).bounding_box()
    assert box
    spots = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    shown.page.mouse.move(*spots[0])
    shown.page.mouse.down()
    for spot in spots[1:]:
        shown.page.mouse.move(*spot, steps=4)
    shown.page.mouse.up()


def share(shown: Opened) -> float:
    return float(shown.texts("#share")[0].split()[1])


def run(shown: Opened, status: str = "Done") -> None:
    shown.page.click("#fill")
    until(shown, status)


def until(shown: Opened, status: str) -> None:
    shown.wait(f"document.querySelector('#status').textContent.startsWith('{status}')")


def painted(shown: Opened) -> None:
    stroke(shown, (0.3, 0.4), (0.6, 0.5))


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


def test_cards_are_filled_scored_and_compared(desk: Opened) -> None:
    painted(desk)
    only(desk, TELEA, NOISE)
    run(desk)
    assert desk.texts(".card h3") == ["telea:radius=4", "tests.bench.paint.plugins:Noise"]
    assert len(desk.texts(".scores td")) == 12
    best = desk.page.locator(".card").first.locator(".scores .best").count()
    assert best >= 4
    assert desk.js("[...document.querySelectorAll('.cards img')].every(i => i.naturalWidth)")
    left, right = desk.texts("#stage .tag")
    assert left == "image"
    assert right in desk.texts(".card h3")


def test_the_slider_by_mouse_and_keyboard_and_the_difference(desk: Opened) -> None:
    painted(desk)
    run(desk)
    clip = "document.querySelector('.after').style.clipPath"
    assert desk.js(clip) == "inset(0px 0px 0px 50%)"
    stroke(desk, (0.5, 0.5), (0.25, 0.5), pane="#stage")
    assert float(re.search(r"([\d.]+)%", desk.js(clip))[1]) == pytest.approx(25, abs=1)  # type: ignore[index]
    desk.page.locator("#stage").focus()
    desk.page.keyboard.press("ArrowRight")
    assert float(re.search(r"([\d.]+)%", desk.js(clip))[1]) == pytest.approx(27, abs=1)  # type: ignore[index]
    desk.page.keyboard.press("ArrowUp")
    assert desk.texts("#stage .tag")[1] == "hole"
    desk.page.keyboard.press("v")
    desk.wait("document.querySelector('#stage canvas').width === 64")
    assert desk.texts("#stage .tag")[0].startswith("4 × |")
    desk.page.keyboard.press("o")
    assert not desk.js("document.body.classList.contains('outlined')")


def test_all_pictures_zoom_together(desk: Opened) -> None:
    painted(desk)
    run(desk)
    scale = "[...document.querySelectorAll('.zoomed')].map(e => getComputedStyle(e).transform)"
    desk.page.locator("#stage").hover()
    desk.page.mouse.wheel(0, -300)
    desk.wait(f"!{scale}.some(t => t.startsWith('matrix(1,'))")
    assert len(set(re.findall(r"matrix\(([\d.]+),", " ".join(desk.js(scale))))) == 1
    before = desk.js(scale)
    stroke(desk, (0.9, 0.5), (0.7, 0.4), pane="#stage")
    assert desk.js(scale) != before
    desk.page.keyboard.press("0")
    assert all(transform.startswith("matrix(1,") for transform in desk.js(scale))


def test_cancel_ends_a_filling_at_once_and_the_next_one_works(desk: Opened) -> None:
    painted(desk)
    only(desk, HANG)
    desk.page.click("#fill")
    desk.wait("document.querySelector('.card.running')")
    desk.page.click("#cancel")
    until(desk, "Cancelled")
    assert desk.texts(".card .facts") == ["cancelled"]
    only(desk, NOISE)
    run(desk)
    assert len(desk.texts(".card.failed")) == 1


def test_a_failing_plugin_is_one_card_with_one_line(desk: Opened) -> None:
    painted(desk)
    only(desk, RAISE, DIE, NOISE)
    run(desk, "Done; 2 failed")
    errors = desk.texts(".card.failed .facts")
    assert len(errors) == 2
    assert any("no such thing in two lines <b>" in re.sub(r"\\n", " ", e) for e in errors)
    assert any("died" in error for error in errors)
    assert desk.js("document.querySelectorAll('.card b').length") == 0


def test_steps_are_shown(desk: Opened) -> None:
    painted(desk)
    only(desk, STEPPER)
    desk.page.click("#fill")
    desk.wait("document.querySelector('.running img[src^=\"data:\"]')")
    assert re.fullmatch(r"level [0-3] of 4", desk.texts(".card .facts")[0])
    until(desk, "Done")
    assert "4 evaluations" in desk.texts(".card .facts")[0]


def test_a_stroke_fills_when_it_ends(desk: Opened) -> None:
    desk.page.check("#live")
    painted(desk)
    until(desk, "Done")
    stroke(desk, (0.2, 0.8), (0.5, 0.8))
    desk.wait("document.querySelectorAll('.filling').length === 2")
    until(desk, "Done")
    assert desk.js("document.querySelectorAll('.filling').length") == 2


def test_what_is_kept_is_in_the_pack_and_its_command_copied(desk: Opened) -> None:
    painted(desk)
    run(desk)
    desk.page.click(".card >> text=Keep")
    until(desk, "Kept as 000-")
    command = desk.texts(".command")[0]
    assert command.startswith("bench run --method telea:radius=4 --dataset folder:kept/images")
    assert desk.js("navigator.clipboard.readText()") == command
    with desk.page.expect_download() as saved:
        desk.page.click(".card >> text=Save")
    assert re.fullmatch(r"000-\w{8}-telea-radius-4\.png", saved.value.suggested_filename)
    with desk.page.expect_download() as saved:
        desk.page.click("text=Download all")
    assert saved.value.suggested_filename == "fillings.zip"


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
