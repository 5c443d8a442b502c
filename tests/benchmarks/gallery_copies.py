"""How often scene completion finds a gallery photograph that shows the query's own scene.

    python -m tests.benchmarks.gallery_copies

100 cases at 64 and at 256, made of free-photos (512x512): query and gallery photograph are two
squares of one photograph, the sides' ratio .5 to 2 (uniform in its logarithm), the larger one 70 to
100% of the side, the smaller one's centre inside the larger.  The query is mirrored in every other
case, changed in colour (gain .9 to 1.1 a channel, offset up to 12 of 255), saved as JPEG (quality
60 to 95) and gets a center-box or free-form hole.  Half of the gallery's photographs have a side of
256, half the query's.  Other photographs: for each query the 5 nearest of other names by its
descriptor.  Prints how many were found by the earlier test (a query that is a part, `duplicates`)
and by today's (also `views`), the processor time, and every miss.
"""

from __future__ import annotations

import io
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import plugins
from bench.api.imaging import to_uint8
from bench.api.seeds import derive_seed, numpy_stream
from methods.common.duplicates import COPY, Matcher, prepare
from methods.common.views import Viewer, both_ways
from methods.scenecompletion.build import build
from methods.scenecompletion.gallery import Gallery, open_gallery
from methods.scenecompletion.gist import describe

CASES = 100
SIZES = (64, 256)
STORED = 512
OTHERS = 5


@dataclass(frozen=True)
class Case:
    """A query, float32 (H, W, 3) with zeros in the hole, and its own scene's photograph, uint8.

    shown: share of the query's square that the photograph shows.
    """

    name: str
    query: np.ndarray
    known: np.ndarray
    photograph: np.ndarray
    ratio: float
    mirrored: bool
    mask: str
    shown: float


def make_case(pixels: np.ndarray, name: str, number: int, size: int) -> Case:
    stream = numpy_stream(derive_seed("gallery-copies", number, size))
    ratio = float(2 ** stream.uniform(-1, 1))
    larger = round(stream.uniform(0.7, 1) * STORED)
    smaller = round(larger / max(ratio, 1 / ratio))
    big, small = [], []
    for _ in range(2):
        start = int(stream.integers(0, STORED - larger + 1))
        low = max(0, start - smaller // 2)
        high = min(STORED - smaller, start + larger - smaller // 2)
        big.append(start)
        small.append(int(stream.integers(low, high + 1)))
    squares = [(*big, larger), (*small, smaller)]
    query, photograph = squares if ratio >= 1 else squares[::-1]
    seen = square(pixels, query, size)
    mirrored = number % 2 == 1
    seen = seen[:, ::-1] if mirrored else seen
    coloured = seen * stream.uniform(0.9, 1.1, 3) + stream.uniform(-12, 12)
    saved = jpeg(np.rint(coloured.clip(0, 255)).astype(np.uint8), int(stream.integers(60, 96)))
    mask = ("center-box", "free-form")[number // 2 % 2]
    known = ~plugins.mask(mask)(size, size, derive_seed("mask", mask, number))[0].numpy()
    return Case(
        name,
        np.where(known[:, :, None], saved.astype(np.float32) / 255, np.float32(0)),
        known,
        square(pixels, photograph, size if number // 4 % 2 else max(SIZES)),
        ratio,
        mirrored,
        mask,
        shared(query, photograph),
    )


def square(pixels: np.ndarray, place: tuple[int, ...], side: int) -> np.ndarray:
    """Cut a square (top, left, side) and resize it."""
    top, left, length = place
    cut = Image.fromarray(pixels[top : top + length, left : left + length])
    return np.asarray(cut.resize((side, side), Image.Resampling.LANCZOS))


def jpeg(pixels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as image:
        return np.asarray(image.convert("RGB"))


def shared(query: tuple[int, ...], photograph: tuple[int, ...]) -> float:
    """Return the share of the query's square that the photograph's covers."""
    ends = zip(query[:2], photograph[:2], strict=True)
    sides = [min(q + query[2], p + photograph[2]) - max(q, p) for q, p in ends]
    return max(0, sides[0]) * max(0, sides[1]) / query[2] ** 2


@dataclass
class Judges:
    """The earlier and the added test, on a gallery; they count their seconds."""

    gallery: Gallery
    matcher: Matcher
    viewer: Viewer
    seconds: np.ndarray

    def judge(self, case: Case) -> list[tuple[bool, bool, bool]]:
        """Return for each photograph: is it the query's own, found earlier, found now."""
        nearest = self.gallery.search(describe(case.query, case.known), len(self.gallery.scenes))
        scenes = [scene.photograph for scene, _ in nearest]
        own = next(p for p in scenes if p.id == case_id(case))
        others = [p for p in scenes if p.source != case.name][:OTHERS]
        started = time.process_time()
        template = prepare(case.query, case.known)
        prepared = time.process_time()
        views = both_ways(case.query, case.known)
        self.seconds += (prepared - started, time.process_time() - prepared)
        judged = []
        for photograph in (own, *others):
            pixels = self.gallery.read(photograph)
            started = time.process_time()
            part = self.matcher.similarity(template, photograph.id, pixels) > COPY
            middle = time.process_time()
            view = self.viewer.shows(views, photograph.id, pixels)
            self.seconds += (middle - started, time.process_time() - middle)
            judged.append((photograph is own, part, part or view))
        return judged


def case_id(case: Case) -> str:
    return f"{case.name} {case.ratio:.6f}"


def measure(size: int, folder: Path) -> None:
    dataset = plugins.dataset("free-photos", size=STORED)
    names = dataset.ids()
    cases = []
    for number in range(CASES):
        name = names[number % len(names)]
        pixels = to_uint8(dataset.load(name)).permute(1, 2, 0).contiguous().numpy()
        cases.append(make_case(pixels, name, number, size))
    build(((case_id(c), c.name, c.photograph) for c in cases), folder)
    judges = Judges(open_gallery(folder), Matcher(), Viewer(), np.zeros(2))
    rows = [(case, *row) for case in cases for row in judges.judge(case)]
    for title, kept in GROUPS.items():
        chosen = [(before, now) for case, own, before, now in rows if own and kept(case)]
        before, now = np.sum(chosen, axis=0)
        print(f"{size} {title}: found {before} before, {now} now, of {len(chosen)}")
    others = [(before, now) for _, own, before, now in rows if not own]
    before, now = np.sum(others, axis=0)
    print(
        f"{size} other photographs: taken for the own {before} before, {now} now, of {len(others)}"
    )
    spent = 1e3 * judges.seconds / len(cases)
    print(f"{size} milliseconds per query of {1 + OTHERS} photographs: {spent.round(1)}")
    for case, own, _, now in rows:
        if own != now:
            what = "missed" if own else "wrong"
            print(f"{size} {what}: {case_id(case)} {case.mask} shown {case.shown:.2f}")


GROUPS = {
    "all": lambda case: True,
    "mirrored": lambda case: case.mirrored,
    "query wider than the photograph": lambda case: case.ratio > 1,
    "center-box": lambda case: case.mask == "center-box",
}


def main() -> None:
    """Print the counts of both sizes."""
    cv2.setNumThreads(1)
    for size in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            measure(size, Path(folder))


if __name__ == "__main__":
    main()
