"""The small gallery that ships.

`python -m methods.scenecompletion.default_gallery OUT` builds it again, from the colour photographs
that scikit-image, scikit-learn and matplotlib carry; data/README.md names their licences.
Benchmarks on these photographs leave the query's own source out (copies.py).
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from methods.scenecompletion.build import Item, build

FOLDER = Path(__file__).parent / "data"

# source -> the files of that photograph; the stereo pair shows one scene twice.
SCIKIT_IMAGE = {
    "astronaut": ["astronaut.png"],
    "chelsea": ["chelsea.png"],
    "coffee": ["coffee.png"],
    "hubble": ["hubble_deep_field.jpg"],
    "ihc": ["ihc.png"],
    "motorcycle": ["motorcycle_left.png", "motorcycle_right.png"],
    "retina": ["retina.jpg"],
    "rocket": ["rocket.jpg"],
}
SCIKIT_LEARN = {"china": ["china.jpg"], "flower": ["flower.jpg"]}
MATPLOTLIB = {"hopper": ["grace_hopper.jpg"]}


def items() -> list[Item]:
    """List the photographs of the installed packages."""
    folders = [
        (SCIKIT_IMAGE, _package("skimage") / "data"),
        (SCIKIT_LEARN, _package("sklearn") / "datasets" / "images"),
        (MATPLOTLIB, _package("matplotlib") / "mpl-data" / "sample_data"),
    ]
    return [
        (Path(name).stem, source, folder / name)
        for sources, folder in folders
        for source, names in sources.items()
        for name in names
    ]


def _package(name: str) -> Path:
    """Return an installed package's folder without importing it."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"{name} is not installed; the default gallery needs it.")
    return Path(spec.submodule_search_locations[0])


if __name__ == "__main__":
    report = build(items(), Path(sys.argv[1]), side=384, crops=True)
    print(f"{report.photographs} photographs, {report.scenes} scenes, sha256 {report.sha256}")
