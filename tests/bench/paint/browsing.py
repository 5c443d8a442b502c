"""What a user does with the page of `bench paint`: open it, choose methods, draw, fill."""

from __future__ import annotations

from tests.bench.paint.methods import METHODS, TELEA
from tests.browser import Opened

DESK = {"viewport": {"width": 1400, "height": 1000}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


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
