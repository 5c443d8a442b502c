"""Real photographs that come with the dependencies: fixed crops, offline right after install."""

from __future__ import annotations

import hashlib
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from bench.api import RequestError
from bench.datasets.folder import check_side

if TYPE_CHECKING:
    import torch


class Original(NamedTuple):
    """A photograph inside an installed package, and its crops: (left, top, side) in its pixels."""

    package: str
    file: str
    crops: tuple[tuple[int, int, int], ...]


# Every crop is 256 pixels or more wide; chosen by eye from a contact sheet so that no two of one
# source show the same thing at the same scale.
SOURCES: dict[str, Original] = {
    "astronaut": Original(
        "skimage",
        "data/astronaut.png",
        ((100, 0, 256), (256, 0, 256), (20, 256, 256), (256, 256, 256)),
    ),
    "chelsea": Original("skimage", "data/chelsea.png", ((40, 0, 256), (195, 44, 256))),
    "coffee": Original(
        "skimage",
        "data/coffee.png",
        ((140, 0, 288), (330, 120, 270), (0, 144, 256), (100, 0, 400)),
    ),
    "motorcycle": Original(
        "skimage",
        "data/motorcycle_left.png",
        ((90, 0, 500), (430, 230, 256), (70, 180, 288), (420, 0, 256)),
    ),
    "rocket": Original(
        "skimage", "data/rocket.jpg", ((190, 107, 320), (0, 150, 256), (384, 171, 256))
    ),
    "retina": Original("skimage", "data/retina.jpg", ((60, 420, 512), (640, 120, 640))),
    "hubble": Original("skimage", "data/hubble_deep_field.jpg", ((0, 0, 436), (500, 372, 500))),
    "ihc": Original("skimage", "data/ihc.png", ((0, 0, 256), (256, 256, 256))),
    "china": Original(
        "sklearn",
        "datasets/images/china.jpg",
        ((20, 0, 427), (100, 60, 256), (384, 140, 256), (0, 171, 256)),
    ),
    "flower": Original("sklearn", "datasets/images/flower.jpg", ((150, 50, 320), (260, 171, 256))),
    "hopper": Original(
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        ((110, 20, 300), (240, 340, 256), (0, 50, 512)),
    ),
}


@dataclass(frozen=True)
class Photos:
    """32 crops of 11 real photographs that scikit-image, scikit-learn and matplotlib ship.

    size: side in pixels, 16 to 256; each crop is at least 256 pixels wide and is shrunk to it.
    `<source>-<k>` are the ids; crops of one photograph share their source.  The second picture of
    the stereo pair is left out, being nearly the first.

    Provenance, as the packages state it (the files are read where they are, never copied):
    astronaut: NASA (Eileen Collins), public domain.  chelsea: Stefan van der Walt, CC0.
    coffee: Rachel Michetti, CC0.  rocket: SpaceX, public domain.  hubble: NASA, public domain.
    retina: Wikimedia Commons, CC0.  ihc: tissue under the microscope, no known restrictions.
    motorcycle: Middlebury 2014 stereo (Scharstein et al., GCPR 2014), to be cited when used.
    china: danielbuechele, CC BY 2.0.  flower: vultilion, CC BY 2.0 (both by scikit-learn).
    hopper: US Navy portrait of Grace Hopper, public domain (by matplotlib).
    """

    name: ClassVar[str] = "photos"
    version: ClassVar[str] = "1"
    size: int = 64

    def __post_init__(self) -> None:
        check_side(self.size, 16, 256)

    def ids(self) -> list[str]:
        """Return astronaut-0, chelsea-0, ..., astronaut-1, ...: a limit takes many sources."""
        rounds = range(max(len(source.crops) for source in SOURCES.values()))
        return [f"{name}-{k}" for k in rounds for name, s in SOURCES.items() if k < len(s.crops)]

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, size, size) in [0, 1]; raises ValueError for an unknown id."""
        from bench.api.imaging import read_rgb, resize_crop, to_tensor

        source, (left, top, side) = _crop(image_id)
        pixels = read_rgb(_path(source))[top : top + side, left : left + side]
        return to_tensor(resize_crop(pixels, self.size))

    def fingerprint(self, image_id: str) -> str:
        """Return the sha256 of the photograph's file and the crop's place in it."""
        source, box = _crop(image_id)
        content = hashlib.sha256(_path(source).read_bytes()).hexdigest()
        return hashlib.sha256(f"{content} {box}".encode()).hexdigest()

    def source(self, image_id: str) -> str:
        """Return the photograph's name: `astronaut` of `astronaut-0`."""
        _crop(image_id)
        return image_id.rpartition("-")[0]


def _crop(image_id: str) -> tuple[Original, tuple[int, int, int]]:
    """Return the photograph and the crop of an id."""
    name, _, index = image_id.rpartition("-")
    source = SOURCES.get(name)
    if source is None or not index.isdecimal() or not int(index) < len(source.crops):
        raise ValueError(f"no image {image_id!r} in photos")
    return source, source.crops[int(index)]


def _path(source: Original) -> Path:
    """Find the photograph without importing its package (skimage alone takes half a second)."""
    spec = importlib.util.find_spec(source.package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder, source.file)).is_file():
            return path
    raise RequestError(
        f"the installed {source.package} lacks {source.file}. Install it with pip, whose packages"
        " hold the photographs, or use folder:PATH"
    )
