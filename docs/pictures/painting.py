"""Stations before diffusion: what inpainting is, holes, patches, scenes, two discriminators."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from bench import plugins
from bench.api.imaging import composite
from bench.api.seeds import derive_seed
from bench.filling.comparison import comparison
from bench.filling.completion import Filler
from docs.pictures.sheets import completed, hole_of, marked, photograph, pixels, save, sheet
from methods.glcic.discriminators import local_crop
from methods.patchmatch.complete import Settings, Step, complete
from methods.patchmatch.explain import field_colours

METHODS = ("telea", "patchmatch", "glcic", "ddpm")
KINDS = ("center-box", "random-box", "irregular", "free-form", "hybrid", "lama-thick")


def fill(path: Path) -> None:
    """One photograph, one hole, four methods, as `bench fill` draws them."""
    image = pixels(plugins.dataset("free-photos", size=512).load("cow"))
    hole = np.zeros((512, 512), dtype=bool)
    hole[100:196, 70:215] = True
    filled = []
    for spec in METHODS:
        method = plugins.method(spec)
        seed = derive_seed("fill", method.name, 0, 0)
        filled.append((spec, Filler(method, method.load("cpu"))(image, hole, seed)))
    picture = Image.open(io.BytesIO(comparison(image, hole, filled)))
    save(path, picture.resize((picture.width * 5 // 8, picture.height * 5 // 8)))


def holes(path: Path) -> None:
    """The kinds of holes, two seeds each, and how much is missing."""
    image = photograph(256)
    rows = []
    for seed in (1, 5):
        drawn = [(name, hole_of(name, 256, seed)) for name in KINDS]
        tiles = [(f"{name}\n{h.float().mean():.0%} missing", marked(image, h)) for name, h in drawn]
        rows.append((f"seed {seed}", tiles))
    sheet(path, rows, 150, len(KINDS))


def patchmatch(path: Path) -> None:
    """The nearest-neighbour field after each of the first rounds, and at the end of every level."""
    image, hole = photograph(128), hole_of("center-box", 128)
    first: list[tuple[str, np.ndarray, np.ndarray]] = []
    last: dict[int, tuple[str, np.ndarray, np.ndarray]] = {}
    coarsest: list[int] = []

    def observe(step: Step) -> None:
        coarsest.append(step.level)
        cost = np.sqrt(step.after / max(1, int((~step.scene.known).sum()))) / step.scene.size
        width = step.hole.shape[1]
        told = f"{width} pixels, round {step.iteration + 1}\ncost {cost:.1f} levels a pixel"
        seen = told, field_colours(step)[:, :width], step.scene.pixels[:, :width].copy()
        if step.level == coarsest[0] and step.iteration in (0, 1, 3, 7):
            first.append(seen)
        last[step.level] = seen

    result = complete(pixels(image), hole[0].numpy(), 0, Settings(), observe=observe)
    steps = [*first, *(last[level] for level in sorted(last, reverse=True))]
    fields = [(told, field) for told, field, _ in steps]
    images = [("", picture) for _, _, picture in steps]
    title = "Where each patch comes from (hue: direction, saturation: distance), and what they vote"
    ends = [("the image and its hole", marked(image, hole)), ("completed", result)]
    sheet(path, [(title, fields), ("", images), ("", ends)], 130, len(steps))


def scenecompletion(path: Path) -> None:
    """Scenes by descriptor, the placements that were cut with their costs, seam, blending."""
    method = plugins.method("scenecompletion")
    image, hole = photograph(128, "coffee-3"), hole_of("center-box", 128)
    drawn = path.with_suffix(".png")
    path.parent.mkdir(parents=True, exist_ok=True)
    method.explain(image, hole, 0, drawn)  # type: ignore[attr-defined]
    picture = Image.open(drawn).convert("RGB")
    drawn.unlink()
    save(path, picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)))


def glcic(path: Path) -> None:
    """What the generator is given, and what each discriminator judges: all, or around the hole."""
    rows = []
    for name, kind, seed in (("coffee-3", "random-box", 2), ("astronaut-0", "free-form", 5)):
        image, hole = photograph(64, name)[None], hole_of(kind, 64, seed)[None]
        made = completed(plugins.method("glcic:blend=none"), image, hole, 0)
        filled = composite(image, made, hole)
        rows.append(
            (
                "",
                [
                    ("generator: image, hole", marked(image[0], hole[0])),
                    ("generator: its output", pixels(made[0])),
                    ("global discriminator:\nis it real? (filled)", pixels(filled[0])),
                    ("global discriminator:\nis it real? (true)", pixels(image[0])),
                    ("local discriminator:\nfilled", pixels(local_crop(filled, hole)[0])),
                    ("local discriminator:\ntrue", pixels(local_crop(image, hole)[0])),
                ],
            )
        )
    sheet(path, rows, 150, 6)
