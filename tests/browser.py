"""A headless Chromium of this machine, driven by Playwright; what a page complains of is kept."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
# No sandbox: tests run as root in containers.  The rest keeps it from asking the network.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


def why_not() -> str | None:
    """Return why no browser can be driven here, None when one can."""
    if CHROMIUM is None:
        return f"no Chromium is installed: none of {', '.join(NAMES)} is on PATH"
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        return "the package playwright is not installed"
    return None


@contextmanager
def started() -> Iterator[Browser]:
    """Yield a browser with a new, empty profile."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Opened:
    """A page; problems: what its console, its scripts and its requests complained of."""

    page: Page
    problems: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def js(self, expression: str) -> Any:
        """Return the value of an expression."""
        return self.page.evaluate(expression)

    def wait(self, expression: str, seconds: float = 300) -> None:
        """Wait until an expression holds; a strict page forbids Playwright's own waiting."""
        end = time.monotonic() + seconds
        while not self.js(expression):
            assert time.monotonic() < end, f"{expression} did not come; {self.problems}"
            time.sleep(0.02)

    def texts(self, selector: str) -> list[str]:
        """Return the texts of all elements that match."""
        return self.page.locator(selector).all_text_contents()


@contextmanager
def opened(browser: Browser, **context: Any) -> Iterator[Opened]:
    """Yield an empty page in a context of its own (viewport, is_mobile, color_scheme, ...)."""
    with browser.new_context(**context) as inside:
        tab = Opened(inside.new_page())
        page = tab.page
        page.on("console", lambda message: tab.problems.append(message.text))
        page.on("pageerror", lambda error: tab.problems.append(str(error)))
        page.on("request", lambda request: tab.requests.append(request.url))
        yield tab
