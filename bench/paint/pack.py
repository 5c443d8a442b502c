"""Write paintings into a folder: images/, masks/ (a mask pack), and checksums of all files.

`bench run --dataset folder:PACK/images --mask folder:PACK/masks,pairing=id` takes it, and
`sha256sum -c SHA256SUMS` checks the images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from bench.api import RequestError
from bench.api.files import write_atomic

SUMS = "SHA256SUMS"

AddMask = Callable[[Path, str, bytes], None]


def add(pack: Path, name: str, target: bytes, hole: bytes, add_mask: AddMask) -> None:
    """Add an image and its hole, PNG files, under one name; those already there stay as they are.

    add_mask: adds a mask's name and file to the mask pack in a folder.
    Raises RequestError for a pack whose files have changed since they were written.
    """
    sums = _sums(pack)
    for file, digest in sums.items():
        if not (pack / file).is_file() or _sha256((pack / file).read_bytes()) != digest:
            raise RequestError(
                f"{pack / file} is not what {SUMS} says. Restore it, or give another --pack."
            )
    file = f"images/{name}.png"
    write_atomic(pack / file, target)
    add_mask(pack / "masks", name, hole)
    sums[file] = _sha256(target)
    lines = "".join(f"{digest}  {file}\n" for file, digest in sorted(sums.items()))
    write_atomic(pack / SUMS, lines.encode())


def _sums(pack: Path) -> dict[str, str]:
    """Return file -> sha256 of the images that were added before."""
    try:
        lines = (pack / SUMS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.split("  ", 1) for line in lines if line)
    return {file: digest for digest, file in pairs}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
