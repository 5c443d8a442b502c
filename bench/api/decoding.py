"""Decode image files of any common format to 8-bit RGB by Pillow."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# A photograph above this is refused instead of filling the memory (about 540 MB as RGB).
MAX_PIXELS = 178_956_970

# What is read, by Pillow's names.  Not EPS, PDF or WMF: they would start other programs.
FORMATS = (
    "PNG", "JPEG", "MPO", "GIF", "BMP", "DIB", "TIFF", "WEBP", "AVIF", "JPEG2000", "PPM", "TGA",
    "PCX", "SGI", "ICO", "QOI",
)  # fmt: skip


def decode(data: bytes) -> np.ndarray:
    """Decode an image file's bytes to uint8 (H, W, 3) RGB, as `imaging.read_rgb` describes.

    Raises any exception that Pillow's decoders raise.
    """
    import numpy as np
    from PIL import Image

    Image.init()
    formats = [name for name in FORMATS if name in Image.OPEN]
    with Image.open(io.BytesIO(data), formats=formats) as opened:
        width, height = opened.size
        if not 0 < width * height <= MAX_PIXELS:
            raise Image.DecompressionBombError(f"{width}x{height}")
        opened.load()
        image = _upright(opened)
        if image.mode.startswith(("I", "F")):
            return _grey_to_rgb(image)
        if image.has_transparency_data:
            rgba = image.convert("RGBA")
            white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
            image = Image.alpha_composite(white, rgba)
        return np.asarray(image.convert("RGB"))


def refusal(error: Exception, data: bytes) -> str:
    """Say in one line, the same in every process, why Pillow could not read the bytes."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        return "not a readable image (the file is empty)"
    if isinstance(error, Image.DecompressionBombError):
        return f"not a readable image (it has no pixels, or more than the {MAX_PIXELS} allowed)"
    if isinstance(error, UnidentifiedImageError):  # its text holds the address of a buffer
        return "not a readable image (of no known format, or its header is broken)"
    return f"not a readable image ({type(error).__name__}: {' '.join(str(error).split())})"


def _upright(image: Image.Image) -> Image.Image:
    """Turn an image by its EXIF orientation; one whose EXIF is broken stays as it is."""
    from PIL import Image

    try:
        orientation = image.getexif().get(0x0112)
    except Exception:  # broken metadata of a readable photograph
        orientation = None
    turn = Image.Transpose
    turns = [
        turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM, turn.TRANSPOSE,
        turn.ROTATE_270, turn.TRANSVERSE, turn.ROTATE_90,
    ]  # fmt: skip
    if isinstance(orientation, int) and 2 <= orientation <= 8:
        return image.transpose(turns[orientation - 2])
    return image


def _grey_to_rgb(image: Image.Image) -> np.ndarray:
    """Scale 16-bit (0..65535) or float (0..1) grey to uint8 (H, W, 3)."""
    import numpy as np
    from PIL import Image

    wide = np.asarray(image, dtype=np.float64)
    white = 1.0 if image.mode == "F" else 65535.0
    if not (wide.min() >= 0 and wide.max() <= white):  # written this way round, it refuses NaN too
        raise ValueError(f"grey of mode {image.mode} with values outside 0..{white:g}")
    grey = np.rint(wide * 255 / white).astype(np.uint8)
    if isinstance(transparent := image.info.get("transparency"), int):
        grey[wide == transparent] = 255
    return np.asarray(Image.fromarray(grey).convert("RGB"))
