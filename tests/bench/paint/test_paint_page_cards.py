"""The cards of the page of `bench paint` in a browser: filled, compared, cancelled, kept."""

from __future__ import annotations

import re

import pytest

from tests.bench.paint.browsing import only, painted, run, stroke, until
from tests.bench.paint.methods import DIE, HANG, NOISE, RAISE, STEPPER, TELEA
from tests.browser import Opened


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
