"""A photograph file: its pixels, and all metadata that must be in the new file as well.

Pixels keep their depth and channels; they are turned upright for the work, by EXIF's orientation,
and back for the file, whose tag stays.  Known pixels of a lossless format come back to the bit.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from bench.api import RequestError
from bench.filling import chunks as chunks_of

ORIENTATION = 0x0112
# EXIF's orientation -> quarter turns to the left, then mirrored or not, that make it upright.
_TURNS = {
    1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False),
    7: (1, True), 8: (1, False),
}  # fmt: skip
# Format -> the modes it is written in.  Other modes would lose frames, colours or the profile.
_WRITTEN = {
    "PNG": ("L", "LA", "RGB", "RGBA"),
    "JPEG": ("L", "RGB"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("L", "LA", "RGB", "RGBA"),
    "BMP": ("L", "RGB"),
}
MAX_PIXELS = 178_956_970


@dataclass(frozen=True, eq=False)
class PhotographFile:
    """A photograph to be filled.

    pixels: uint8 or uint16 (H, W, C), upright; C is 1 (grey), 2 (grey and alpha), 3 (RGB) or 4
    (RGB and alpha).  orientation: EXIF's, 1 to 8.  format: Pillow's name.  settings: Pillow's
    options for writing.  chunks: what a PNG of 16 bits holds besides its pixels.
    """

    path: Path
    pixels: np.ndarray
    orientation: int
    format: str
    settings: dict[str, Any]
    chunks: bytes = b""

    @property
    def colours(self) -> np.ndarray:
        """The pixels without alpha, (H, W, 1 or 3)."""
        return self.pixels[..., : 1 if self.pixels.shape[2] < 3 else 3]

    @property
    def alpha(self) -> np.ndarray | None:
        """The alpha channel, (H, W), if there is one."""
        return self.pixels[..., -1] if self.pixels.shape[2] in (2, 4) else None

    @property
    def lossless(self) -> bool:
        """Whether the file holds exactly the pixels that are written."""
        jpeg = self.format == "JPEG" or self.settings.get("compression") == "jpeg"
        return not jpeg and bool(self.settings.get("lossless", True))

    def encoded(self, pixels: np.ndarray) -> bytes:
        """Return a file like this photograph's with other pixels of the same shape and type."""
        lying = _turned_back(pixels, self.orientation)
        if pixels.dtype == np.uint16:
            return chunks_of.with_chunks(_encode_wide(lying), self.chunks)
        image = Image.fromarray(lying[..., 0] if lying.shape[2] == 1 else lying)
        buffer = io.BytesIO()
        image.save(buffer, self.format, **self.settings)
        return buffer.getvalue()


def read(path: Path) -> PhotographFile:
    """Read a photograph; raises RequestError, in one line, if it cannot be written again."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RequestError(f"{path} cannot be read: {error.strerror}; give a photograph") from error
    opened, kind = _opened(path, data)
    orientation = _orientation(opened)
    wide = chunks_of.is_wide(data)
    pixels = _decode_wide(path, data) if wide else _pixels(path, opened, kind)
    chunks = chunks_of.ancillary(data) if wide else b""
    upright = _upright(pixels, orientation)
    return PhotographFile(path, upright, orientation, kind, _settings(opened, kind, data), chunks)


def _opened(path: Path, data: bytes) -> tuple[Image.Image, str]:
    """Decode a file; return the image and the format that it will be written in."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata, which is handled here
            opened = Image.open(io.BytesIO(data))
            kind = _checked(path, opened)
            opened.load()
    except RequestError:
        raise
    except Exception as error:  # Pillow's decoders raise any exception on broken bytes
        unknown = isinstance(error, UnidentifiedImageError)  # its text holds a buffer's address
        told = "of no known format" if unknown else " ".join(str(error).split())
        raise RequestError(f"{path} is not a readable image ({told}); give a photograph") from error
    return opened, kind


def _checked(path: Path, opened: Image.Image) -> str:
    """Return the format that the photograph will be written in."""
    kind = {"MPO": "JPEG"}.get(str(opened.format), str(opened.format))
    if kind not in _WRITTEN:
        raise RequestError(f"{path} is {kind}; allowed: {', '.join(_WRITTEN)}; convert it first")
    if opened.width * opened.height > MAX_PIXELS:
        raise RequestError(
            f"{path} has {opened.width}x{opened.height} pixels; allowed: {MAX_PIXELS:,} in all"
        )
    if getattr(opened, "n_frames", 1) > 1 and opened.format != "MPO":
        raise RequestError(f"{path} has several frames; give a single picture")
    return kind


def _pixels(path: Path, opened: Image.Image, kind: str) -> np.ndarray:
    """Return uint8 (H, W, C) as the file has it."""
    mode = opened.mode
    if mode == "P" or (mode in ("L", "RGB") and "transparency" in opened.info):
        opened = opened.convert("RGBA" if opened.has_transparency_data else "RGB")
    elif mode == "1":
        opened = opened.convert("L")
    if opened.mode not in _WRITTEN[kind]:
        raise RequestError(
            f"{path} is {kind} with pixels of type {mode}; allowed: 8-bit grey or RGB with or "
            "without alpha, and PNG of 16 bits; convert it first"
        )
    array = np.asarray(opened)
    return array[..., None] if array.ndim == 2 else array


def _orientation(opened: Image.Image) -> int:
    try:
        orientation = opened.getexif().get(ORIENTATION)
    except Exception:  # broken metadata of a readable photograph
        return 1
    return orientation if orientation in _TURNS else 1


def _upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Turn pixels from their order in the file to upright."""
    steps, mirrored = _TURNS[orientation]
    turned = np.rot90(pixels, steps)
    return np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)


def _turned_back(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Undo `_upright`."""
    steps, mirrored = _TURNS[orientation]
    turned = pixels[:, ::-1] if mirrored else pixels
    return np.ascontiguousarray(np.rot90(turned, -steps))


def _settings(opened: Image.Image, kind: str, data: bytes) -> dict[str, Any]:
    """Return Pillow's options for writing the same kind of file again.

    EXIF is written without its thumbnail, which would still show what was removed.
    """
    told: dict[str, Any] = {}
    if profile := opened.info.get("icc_profile"):
        told["icc_profile"] = profile
    if kind in ("PNG", "JPEG", "WEBP") and len(exif := opened.getexif()):
        told["exif"] = exif.tobytes()
    if "dpi" in opened.info and kind in ("PNG", "JPEG", "TIFF", "BMP"):
        told["dpi"] = opened.info["dpi"]
    if kind == "JPEG":
        told |= _jpeg_settings(opened)
    if kind == "WEBP":
        told |= {"lossless": chunks_of.is_lossless_webp(data), "quality": 95, "exact": True}
    if kind == "TIFF":
        told["compression"] = opened.info.get("compression", "raw")
    return told


def _jpeg_settings(opened: Image.Image) -> dict[str, Any]:
    """Return the quantisation and subsampling of a JPEG, so that untouched blocks hardly change."""
    from PIL import JpegImagePlugin

    told: dict[str, Any] = {"qtables": opened.quantization}  # type: ignore[attr-defined]
    sampling = JpegImagePlugin.get_sampling(opened)
    return told | ({"subsampling": sampling} if sampling >= 0 else {})


def _decode_wide(path: Path, data: bytes) -> np.ndarray:
    """Decode a PNG of 16 bits to uint16 (H, W, C): Pillow would keep 8 of colours' bits."""
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    if decoded is None or decoded.dtype != np.uint16:
        raise RequestError(f"{path} is not a readable image; give a photograph")
    pixels = decoded[..., None] if decoded.ndim == 2 else decoded
    return _swapped(pixels)


def _encode_wide(pixels: np.ndarray) -> bytes:
    _, encoded = cv2.imencode(".png", _swapped(pixels))
    return encoded.tobytes()


def _swapped(pixels: np.ndarray) -> np.ndarray:
    """Swap red and blue: OpenCV orders channels blue, green, red."""
    order = {1: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[pixels.shape[2]]
    return np.ascontiguousarray(pixels[..., order])
