"""Write masks/README.md and methods/README.md with their pictures: `python -m docs.plugin_pages`.

Each family of holes with six samples, what it is and its hole ratio; each method with one
completed photograph, what it is, its parameters and what an image costs.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from bench import plugins
from bench.api import RequestError
from bench.api.imaging import composite, hide, to_uint8
from bench.api.seeds import derive_seed
from bench.cli import catalogue
from bench.plan import request

ROOT = Path(__file__).parents[1]
SIDE, SAMPLES, MEASURED, SHOWN = 256, 6, 40, 64  # pixels, masks shown, masks measured, pixels
IMAGE, SIZE = "alpaca", 64
ABSENT = "needs a file, a program or a package"
SPECS = {"windowed": "windowed:glcic"}
COSTS = ROOT / "results/quickstart.csv"


def main() -> None:
    """Write both pages."""
    write_masks()
    write_methods()


def write_masks() -> None:
    """Write masks/README.md and docs/holes/NAME.png."""
    lines = [
        "# Holes",
        f"White is missing. Hole ratio: mean [5th, 95th percentile] of {MEASURED} masks of "
        f"{SIDE}x{SIDE}. `python -m docs.plugin_pages` writes this page.",
        "| name | six samples | what it is, and its source | hole ratio | parameters |\n"
        "|---|---|---|---|---|",
    ]
    rows = []
    for entry in catalogue.describe_all("masks")["masks"]:
        try:
            generator = request.load_mask(entry["name"], SIDE)
        except RequestError:  # it reads files of the user's
            cells = [
                ABSENT,
                entry["description"],
                "",
                _parameters(entry),
            ]
            rows.append(_row(entry["name"], cells))
            continue
        seeds = [derive_seed("page", entry["name"], k) for k in range(MEASURED)]
        holes = [generator(SIDE, SIDE, seed)[0].numpy() for seed in seeds]
        _sheet(holes[:SAMPLES]).save(ROOT / f"docs/holes/{entry['name']}.png", optimize=True)
        ratios = [hole.mean() for hole in holes]
        low, high = np.percentile(ratios, [5, 95])
        ratio = f"{np.mean(ratios):.2f} [{low:.2f}, {high:.2f}]"
        picture = f"![six {entry['name']} holes](../docs/holes/{entry['name']}.png)"
        rows.append(_row(entry["name"], [picture, entry["description"], ratio, _parameters(entry)]))
    text = "\n\n".join(lines) + "\n" + "\n".join(rows) + "\n"
    (ROOT / "masks/README.md").write_text(text, encoding="utf-8")


def write_methods() -> None:
    """Write methods/README.md and docs/methods/NAME.png."""
    photograph = plugins.dataset("free-photos", size=SIZE).load(IMAGE)
    hole = plugins.mask("center-box")(SIZE, SIZE, 0)
    _save(hide(photograph[None], hole[None])[0], "given")
    costs = _costs()
    rows = []
    for entry in catalogue.describe_all("methods")["methods"]:
        picture = ABSENT
        try:
            method = plugins.method(SPECS.get(entry["name"], entry["name"]))
            inpaint = method.load("cpu")
        except RequestError:  # it needs a file, a program or another package
            inpaint = None
        if inpaint is not None:
            made = inpaint(hide(photograph[None], hole[None]), hole[None], [0])
            image = getattr(made, "image", made)
            _save(composite(photograph[None], image, hole[None])[0], entry["name"])
            picture = f"![completed by {entry['name']}](../docs/methods/{entry['name']}.png)"
        cost = costs.get(entry["name"], "not measured")
        rows.append(_row(entry["name"], [picture, entry["description"], cost, _parameters(entry)]))
    head = (
        "# Methods\n\nOne photograph of free-photos at 64x64 (Wikimedia Commons; "
        "[credits](../bench/datasets/data/free_photos/ATTRIBUTION.md)), a quarter of it missing: "
        "![the photograph with its hole](../docs/methods/given.png). Cost: seconds per image at "
        "64x64 with a center box, of [the quickstart](../results/quickstart.csv) on two idle cores "
        "with AVX-512. `python -m docs.plugin_pages` writes this page.\n\n"
        "| name | completed | what it is, and its paper | s/image | parameters |\n"
        "|---|---|---|---|---|\n"
    )
    (ROOT / "methods/README.md").write_text(head + "\n".join(rows) + "\n", encoding="utf-8")


def _costs() -> dict[str, str]:
    """Return method -> seconds per image on center-box, from the quickstart's table.

    Where it has a method with several settings, each is named.
    """
    with COSTS.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["mask"] == "center-box"]
    costs: dict[str, list[str]] = {}
    for row in rows:
        name, _, setting = row["method"].partition(":")
        named = f" (`{setting}`)" if setting else ""
        costs.setdefault(name, []).append(f"{float(row['seconds_per_image']):.3g}{named}")
    return {name: ", ".join(texts) for name, texts in costs.items()}


def _row(name: str, cells: list[str]) -> str:
    return f"| `{name}` | {' | '.join(cell.replace('|', ' ') for cell in cells)} |"


def _parameters(entry: catalogue.Entry) -> str:
    return ", ".join(f"`{key}={value}`" for key, value in entry["parameters"].items()) or "none"


def _sheet(holes: list[np.ndarray]) -> Image.Image:
    """Return the holes side by side, white on black with a grey line between."""
    step = SIDE // SHOWN
    small = [np.pad(hole[::step, ::step] * np.uint8(255), ((0, 0), (0, 4)), constant_values=128)
             for hole in holes]  # fmt: skip
    return Image.fromarray(np.concatenate(small, axis=1)[:, :-4]).convert("P", colors=4)


def _save(image, name: str) -> None:  # type: ignore[no-untyped-def]
    """Write a completed photograph, each pixel twice as large."""
    pixels = to_uint8(image).permute(1, 2, 0).contiguous().numpy()
    twice = Image.fromarray(pixels).resize((2 * SIZE, 2 * SIZE), Image.Resampling.NEAREST)
    twice.save(ROOT / f"docs/methods/{name}.png", optimize=True)


if __name__ == "__main__":
    main()
