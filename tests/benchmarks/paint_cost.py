"""Measure `bench paint`: the time from a click to a card, and memory over many fills.

    python tests/benchmarks/paint_cost.py --rounds 15
    python tests/benchmarks/paint_cost.py --fills 200

Starts the server, opens the page in a headless Chromium at 256x256, paints a box and fills it.
A time is from the pointer's release on the Fill button to the card's picture being loaded.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.browser import Opened, opened, started  # noqa: E402

METHODS = ("telea", "patchmatch")
WATCH = """() => {
    window.times = {};
    document.addEventListener('pointerup', () => { window.released = performance.now(); }, true);
    document.addEventListener('load', (event) => {
        const card = event.target.closest && event.target.closest('.card');
        if (!card || !event.target.src.includes('/cards/')) return;
        const name = card.querySelector('h3').textContent;
        (window.times[name] = window.times[name] || []).push(performance.now() - window.released);
    }, true);
}"""


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """Start the server; yield its address and its process id."""
    code = (
        "import sys\nfrom bench.cli import main\nif __name__ == '__main__':\n    main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", code, "paint", "--no-browser", "--size", "256"]
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen(
            [*command, "--dataset", "photos", "--method", ",".join(METHODS)],
            stderr=subprocess.PIPE, text=True, cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert server.stderr is not None
        address = re.search(r"http://\S+", server.stderr.readline())
        assert address
        yield address[0], server.pid
        server.send_signal(signal.SIGINT)
        server.wait()


def paint(shown: Opened, url: str) -> None:
    """Open the page and paint a box of a quarter of the image."""
    shown.page.goto(url)
    shown.wait("document.querySelector('#image').naturalWidth === 256")
    shown.page.evaluate(WATCH)
    box = shown.page.locator("#easel").bounding_box()
    assert box
    x, y, side = box["x"], box["y"], box["width"]
    shown.page.keyboard.press("r")
    shown.page.mouse.move(x + 0.25 * side, y + 0.25 * side)
    shown.page.mouse.down()
    shown.page.mouse.move(x + 0.75 * side, y + 0.75 * side, steps=8)
    shown.page.mouse.up()
    print(shown.texts("#share")[0])


def fill(shown: Opened) -> None:
    """Press the button and wait until everything is filled and scored."""
    shown.page.click("#fill")
    shown.wait("document.querySelector('#status').textContent === 'Done.'", 900)


def times(shown: Opened, rounds: int) -> None:
    """Print the seconds to each method's card, each method alone, warm."""
    boxes = shown.page.locator(".method-row > label input")
    for place, name in enumerate(METHODS):
        for other in range(len(METHODS)):
            boxes.nth(other).set_checked(other == place)
        for _ in range(2):
            fill(shown)
        shown.js("window.times = {}")
        for _ in range(rounds):
            fill(shown)
        measured = sorted(value / 1000 for value in shown.js(f"window.times[{name!r}]"))
        print(
            f"{name:12} median {statistics.median(measured):.3f} s, "
            f"{measured[0]:.3f} to {measured[-1]:.3f} over {len(measured)}", flush=True,
        )  # fmt: skip


def memory(shown: Opened, server: int, fills: int) -> None:
    """Print the resident memory of every process, and the page's heap, over many fills."""
    session = shown.page.context.new_cdp_session(shown.page)
    for done in range(fills + 1):
        if done % (fills // 10 or 1) == 0:
            session.send("HeapProfiler.collectGarbage")
            heap = session.send("Runtime.getHeapUsage")["usedSize"]
            sizes = " ".join(f"{resident(pid):6.0f}" for pid in [server, *children(server)])
            print(f"{done:4} fills: server and workers {sizes} MB, page {heap / 1e6:.1f} MB",
                  flush=True)  # fmt: skip
        if done < fills:
            fill(shown)


def children(pid: int) -> list[int]:
    """Return the worker processes, the oldest first."""
    listed = subprocess.run(
        ["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True
    )
    return sorted(int(line) for line in listed.stdout.split())


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    return 0.0


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=0, help="fills to time of each method")
    parser.add_argument("--fills", type=int, default=0, help="fills to watch the memory over")
    asked = parser.parse_args()
    size = {"width": 1400, "height": 1000}
    with served() as (url, pid), started() as browser, opened(browser, viewport=size) as shown:
        paint(shown, url)
        if asked.rounds:
            times(shown, asked.rounds)
        if asked.fills:
            memory(shown, pid, asked.fills)


if __name__ == "__main__":
    main()
