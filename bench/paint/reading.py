"""Read images and draw holes for the page in a worker: the server never opens a user's file.

Heavy modules are imported inside the functions: the server names these and never calls them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.api import Dataset, FollowsSize, MaskGenerator, RequestError

if TYPE_CHECKING:
    import numpy as np

MAX_SIDE = 1024
MIN_SIDE = 8
MAX_PIXELS = 64_000_000
THUMBNAIL = 96


@dataclass(frozen=True)
class Read:
    """An image as a run uses it.

    png: its file.  bits: the hole in its alpha channel, as in PaintedHole; None without one.
    """

    png: bytes
    height: int
    width: int
    bits: bytes | None = None


@dataclass(frozen=True)
class Upload:
    """A file that was dropped, pasted or chosen.

    size: side of the centred square that is cut from it; None keeps its own size.
    """

    data: bytes
    size: int | None


@dataclass(frozen=True)
class Member:
    """An image of a dataset."""

    dataset: Dataset
    image_id: str


@dataclass(frozen=True)
class Draw:
    """A hole to draw.  seed: as the mask takes it."""

    mask: MaskGenerator
    height: int
    width: int
    seed: int


@dataclass(frozen=True)
class UploadedMask:
    """A mask's file, and the size of the image that it belongs to."""

    data: bytes
    height: int
    width: int


def read_upload(upload: Upload) -> Read:
    """Read a file as `folder:` does; its alpha channel, if it has one, is the hole.

    Raises RequestError for a file that is not an image, or is too large.
    """
    from bench.api import imaging

    pixels = _read(upload.data)
    missing = _transparent(upload.data, pixels.shape)
    if upload.size is not None:
        pixels = imaging.resize_crop(pixels, upload.size)
        if missing is not None:
            grey = imaging.to_rgb(missing.astype("uint8") * 255)
            missing = imaging.resize_crop(grey, upload.size)[:, :, 0] >= 128
    height, width = pixels.shape[:2]
    _check_sides(height, width)
    png = imaging.encode_png(imaging.to_uint8(imaging.to_tensor(pixels)))
    partly = missing is not None and 0 < missing.sum() < missing.size
    return Read(png, height, width, _bits(missing) if partly else None)


def load(member: Member) -> Read:
    """Load an image of a dataset; raises RequestError, in one line, when that fails."""
    from bench.api import imaging
    from bench.complete.masked_image import checked_image, in_words

    try:
        image = imaging.to_uint8(checked_image(member.dataset.load(member.image_id)))
    except Exception as error:  # a plug-in may raise anything
        raise RequestError(f"{member.image_id}: {in_words(error)}") from error
    height, width = image.shape[-2:]
    _check_sides(height, width)
    return Read(imaging.encode_png(image), height, width)


def thumbnail(member: Member) -> bytes:
    """Return a small WebP of an image of a dataset; raises as `load` does."""
    from PIL import Image

    with Image.open(io.BytesIO(load(member).png)) as image:
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def draw(task: Draw) -> bytes:
    """Return the bits of a generator's hole; raises RequestError when it draws none."""
    from bench.complete.masked_image import in_words, missing_pixels

    mask, height, width = task.mask, task.height, task.width
    if height == width and isinstance(mask, FollowsSize):
        mask = mask.at_size(width)
    try:
        hole = mask(height, width, task.seed)
        missing_pixels(mask, hole, height, width)
    except Exception as error:  # a plug-in may raise anything
        raise RequestError(in_words(error)) from error
    return _bits(hole[0].numpy())


def read_mask(task: UploadedMask) -> bytes:
    """Return the bits of a mask file's white pixels, resized by nearest neighbour.

    Raises RequestError for a file that is not an image.
    """
    import numpy as np

    grey = _read(task.data).mean(axis=2)
    white = grey >= (128 if grey.max() > 1 else 1)  # masks of 0 and 1 are common
    rows = (np.arange(task.height) * 2 + 1) * white.shape[0] // (2 * task.height)
    columns = (np.arange(task.width) * 2 + 1) * white.shape[1] // (2 * task.width)
    return _bits(white[rows[:, None], columns])


def _read(data: bytes) -> np.ndarray:
    """Return uint8 (H, W, 3); raises RequestError, for a too large image before it is decoded."""
    from bench.api.imaging import read_rgb

    size = _size(data)
    if size is not None and size[0] * size[1] > MAX_PIXELS:
        megapixels = f"{size[0]}x{size[1]} pixels"
        raise RequestError(f"The image has {megapixels}; at most {MAX_PIXELS:,} are taken.")
    try:
        return read_rgb(data)
    except ValueError as error:
        raise RequestError(f"This is {error}. Give a PNG, JPEG, WebP or TIFF file.") from error


def _size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) from the header; None where read_rgb will raise the error."""
    import warnings

    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as image:
                return image.size
        except Exception:  # Pillow's decoders raise any exception on broken bytes
            return None


def _transparent(data: bytes, shape: tuple[int, ...]) -> np.ndarray | None:
    """Return bool (H, W), True where a file is more transparent than not; None without alpha."""
    import numpy as np
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(data)) as image:
        if not image.has_transparency_data:
            return None
        alpha = np.asarray(ImageOps.exif_transpose(image).convert("RGBA"))[:, :, 3]
    return alpha < 128 if alpha.shape == shape[:2] else None


def _check_sides(height: int, width: int) -> None:
    if not (min(height, width) >= MIN_SIDE and max(height, width) <= MAX_SIDE):
        raise RequestError(
            f"The image is {width}x{height} pixels; sides of {MIN_SIDE} to {MAX_SIDE} are filled "
            "here. Choose a size, which cuts the centred square."
        )


def _bits(hole: np.ndarray | None) -> bytes:
    import numpy as np

    return b"" if hole is None else np.packbits(hole).tobytes()
