"""Read IDX files (MNIST, Fashion-MNIST), plain or gzipped; download them with pinned hashes."""

from __future__ import annotations

import gzip
import hashlib
import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api.files import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

_IMAGES = 0x00000803  # unsigned bytes, three dimensions


def read_idx_images(path: Path) -> np.ndarray:
    """Read an IDX file of images as uint8 (N, H, W), read-only; raises ValueError when broken.

    The last file read is kept, since one image cannot be unpacked alone.
    """
    status = path.stat()
    return _read(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=2)
def _read(path: Path, modified: int, size: int) -> np.ndarray:
    import numpy as np

    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path.name} is a broken gzip file ({error})") from error
    if len(data) < 16 or struct.unpack(">I", data[:4])[0] != _IMAGES:
        raise ValueError(f"{path.name} is not an IDX file of images")
    count, height, width = struct.unpack(">3I", data[4:16])
    if len(data) != 16 + count * height * width:
        raise ValueError(
            f"{path.name} has {len(data) - 16} bytes of pixels, its header says"
            f" {count}x{height}x{width}"
        )
    return np.frombuffer(data, np.uint8, offset=16).reshape(count, height, width)


def find_idx(root: Path, name: str) -> Path | None:
    """Return the file `name`, plain or .gz, in root, root/raw or root/FashionMNIST/raw."""
    for folder in (root, root / "raw", root / "FashionMNIST" / "raw"):
        for file in (folder / name, folder / f"{name}.gz"):
            if file.is_file():
                return file
    return None


def fetch(url: str, folder: Path, sha256: Mapping[str, str]) -> list[Path]:
    """Download the files `sha256` names into `folder`; those already right are left alone.

    A file appears under its name only when it is whole and has the pinned hash.
    Raises OSError (no connection) or ValueError (wrong hash).
    """
    from urllib.request import urlopen

    folder.mkdir(parents=True, exist_ok=True)
    for name, expected in sha256.items():
        target = folder / name
        if target.is_file() and hashlib.sha256(target.read_bytes()).hexdigest() == expected:
            continue
        with urlopen(url + name, timeout=60) as answer:
            data: bytes = answer.read()
        digest = hashlib.sha256(data).hexdigest()
        if digest != expected:
            raise ValueError(f"{url}{name} has sha256 {digest}, not {expected}: not stored")
        write_atomic(target, data, several=True)
    return [folder / name for name in sha256]
