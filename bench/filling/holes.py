"""The hole of a photograph: from a mask file, a painted colour, alpha, or a generator.

Holes are bool (H, W), True = missing, of the photograph as it is seen, upright.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from bench import plugins
from bench.api import RequestError
from bench.api.imaging import is_image_name, read_rgb
from bench.api.seeds import derive_seed
from bench.filling.photograph import PhotographFile

Polarity = Literal["hole-white", "keep-white"]
# Alpha below this, of 1, is missing.
TRANSPARENT = 0.5
# A JPEG's 8x8 blocks and halved colour smear a painted colour by up to this many pixels.
SMEARED = 8


@dataclass(frozen=True)
class HoleSource:
    """Where the hole is taken from.

    named: a mask file, or the spec of a mask generator; None for a colour or alpha.  polarity:
    which half of a mask file is missing.  colour: RRGGBB in hexadecimal.  tolerance: by how many of
    255 levels a painted pixel's channels may differ.  grow: by how many pixels the hole is grown;
    None is 8 for a colour painted into a JPEG, else 0.  seed: of a generator.
    """

    named: str | None = None
    polarity: Polarity = "hole-white"
    colour: str | None = None
    tolerance: int = 16
    grow: int | None = None
    seed: int = 0


def find(photograph: PhotographFile, source: HoleSource) -> np.ndarray:
    """Return the hole; raises RequestError when it is empty or the whole image."""
    if source.named is not None and source.colour is not None:
        raise RequestError(
            f"The hole is given as {source.named} and as the colour {source.colour}; give one"
        )
    if source.colour is not None:
        hole = of_colour(photograph, source.colour, source.tolerance)
    elif source.named is not None:
        hole = _named(photograph, source.named, source)
    else:
        hole = of_alpha(photograph)
    smeared = source.colour is not None and not photograph.lossless
    grow = source.grow if source.grow is not None else SMEARED * smeared
    return checked(grown(hole, grow), str(photograph.path))


def checked(hole: np.ndarray, what: str) -> np.ndarray:
    """Return the hole; raises RequestError when it is empty or the whole image."""
    if not hole.any():
        raise RequestError(
            f"The hole of {what} is empty; mark what is missing in white (--polarity keep-white: "
            "in black)"
        )
    if hole.all():
        raise RequestError(
            f"The hole of {what} is the whole image; leave known pixels to fill it from (or the "
            "mask has the other polarity: --polarity keep-white or hole-white)"
        )
    return hole


def _named(photograph: PhotographFile, named: str, source: HoleSource) -> np.ndarray:
    """Return the hole of a mask file, or that of a generator when there is no such file."""
    path = Path(named)
    if path.is_file() or is_image_name(named):
        return of_mask(photograph, path, source.polarity)
    height, width = photograph.pixels.shape[:2]
    generator = plugins.mask(named)
    return generator(height, width, derive_seed("fill-hole", named, source.seed))[0].numpy()


def of_mask(photograph: PhotographFile, path: Path, polarity: Polarity) -> np.ndarray:
    """Return the hole of a mask file: white (128 or more) is missing, or is kept.

    A mask of the values 0 and 1 counts as black and white.
    """
    try:
        grey = read_rgb(path).mean(axis=2)
    except OSError as error:
        raise RequestError(
            f"The mask {path} cannot be read: {error.strerror}; give a file, or one of the "
            "generators of `bench list masks`"
        ) from error
    except ValueError as error:
        raise RequestError(f"The mask {path}: {error}; give a black and white image") from error
    rows, columns = photograph.pixels.shape[:2]
    if grey.shape != (rows, columns):
        turned = " as it is shown, turned by its EXIF" if photograph.orientation > 4 else ""
        raise RequestError(
            f"The mask {path} is {grey.shape[1]}x{grey.shape[0]} and the photograph "
            f"{columns}x{rows}{turned}; give a mask of its size"
        )
    white: np.ndarray = grey >= (128 if grey.max() > 1 else 1)
    return white if polarity == "hole-white" else ~white


def of_colour(photograph: PhotographFile, colour: str, tolerance: int) -> np.ndarray:
    """Return where a colour was painted: every channel within the tolerance.

    Raises RequestError for a text that is no colour, and for a colour that is not in the image; the
    message names the nearest colour that is.
    """
    digits = colour.removeprefix("#")
    if len(digits) != 6 or not all(c in "0123456789abcdefABCDEF" for c in digits):
        raise RequestError(f"The colour {colour!r} is not RRGGBB in hexadecimal, such as ff00ff")
    colour_levels = np.array([int(digits[i : i + 2], 16) for i in (0, 2, 4)], dtype=np.int16)
    levels = _levels(photograph)
    distance = np.abs(levels - colour_levels).max(axis=2)
    hole: np.ndarray = distance <= tolerance
    if not hole.any():
        y, x = np.unravel_index(int(distance.argmin()), distance.shape)
        nearest = "".join(f"{int(v):02x}" for v in np.broadcast_to(levels[y, x], 3))
        raise RequestError(
            f"No pixel of {photograph.path} is within {tolerance} levels of {digits}; the nearest "
            f"is {nearest}, {int(distance[y, x])} away: give its colour, or --tolerance"
        )
    return hole


def of_alpha(photograph: PhotographFile) -> np.ndarray:
    """Return where the photograph is transparent; raises RequestError when it is nowhere."""
    alpha = photograph.alpha
    hole = None if alpha is None else alpha < TRANSPARENT * np.iinfo(alpha.dtype).max
    if hole is None or not hole.any():
        what = "has no transparent pixels" if alpha is not None else "has no alpha channel"
        raise RequestError(
            f"No hole is given and {photograph.path} {what}; give a mask file, a generator of "
            "`bench list masks`, or --hole-colour RRGGBB"
        )
    return hole


def grown(hole: np.ndarray, pixels: int) -> np.ndarray:
    """Return the hole with all pixels within this distance of it."""
    if not pixels:
        return hole
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pixels + 1, 2 * pixels + 1))
    enlarged: np.ndarray = cv2.dilate(hole.astype(np.uint8), kernel).astype(bool)
    return enlarged


def _levels(photograph: PhotographFile) -> np.ndarray:
    """Return the colours as int16 of 0..255, (H, W, 1 or 3)."""
    colours = photograph.colours
    wide = colours.dtype == np.uint16
    return (colours >> 8 if wide else colours).astype(np.int16)
