"""A folder of images as a dataset: it is listed, and no file is opened before `load`."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, ClassVar

from bench.api import Json, RequestError
from bench.api.imaging import SUFFIXES, is_image_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch

MAX_SIZE = 8192
LAMA_MASK = re.compile(r"(?P<image>.+)_mask\d*")


@dataclass(frozen=True)
class ImageFolder:
    """Every image below a folder, recursively: `folder:PATH`.

    path: the folder.  size: None keeps each image's own size; a number crops the centred square
    and resizes it.  Hidden files and folders (a leading dot), other suffixes and masks beside their
    images (x_mask001.png beside x.png, as in LaMa's test sets) are skipped; links are followed.
    An image that cannot be read is listed all the same and raises in `load`.
    """

    name: ClassVar[str] = "folder"
    version: ClassVar[str] = "1"
    positional: ClassVar[str] = "path"
    path: Path | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        if self.path is None:
            raise RequestError("no folder was given. Write folder:PATH")
        if not self.path.is_dir():
            problem = "is a file" if self.path.exists() else "does not exist"
            raise RequestError(f"{str(self.path)!r} {problem}. Give a folder of images")
        if self.size is not None:
            check_side(self.size, 1, MAX_SIZE)

    def title(self) -> str:
        """Return the folder's own name, the last part of its path."""
        assert self.path is not None  # __post_init__ refused it
        return self.path.resolve().name or self.name

    def ids(self) -> list[str]:
        """Return the relative paths without suffix, '/'-separated, sorted.

        Where two images differ in their suffix alone (a.jpg, a.png), and where an id would be
        another image's file name, the suffix stays on.  Raises RequestError when there is none.
        """
        return list(self._files)

    def load(self, image_id: str) -> torch.Tensor:
        """Return float32 (3, H, W) in [0, 1]; raises OSError or ValueError when unreadable."""
        from bench.api.imaging import read_rgb, resize_crop, to_tensor

        pixels = read_rgb(self.file(image_id))
        return to_tensor(pixels if self.size is None else resize_crop(pixels, self.size))

    def image_facts(self, image_id: str) -> dict[str, Json]:
        """Return `enlarged_from`, "WxH", for an image smaller than `size`."""
        from bench.api.imaging import size_of

        width, height = size_of(self.file(image_id))
        smaller = self.size is not None and min(width, height) < self.size
        return {"enlarged_from": f"{width}x{height}"} if smaller else {}

    def fingerprint(self, image_id: str) -> str:
        """Return the sha256 of the file's bytes."""
        with self.file(image_id).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def source(self, image_id: str) -> str:
        """Return the id itself: every file is its own photograph."""
        return image_id

    def file(self, image_id: str) -> Path:
        """Return the file of an image; raises ValueError when there is none or it is a device.

        A process that has not listed the folder tries the likely names before it does.
        """
        assert self.path is not None  # __post_init__ refused it
        listed = "_files" in vars(self)
        name = "" if listed or not self._is_inside(image_id) else self._likely_name(image_id)
        name = name or self._files.get(image_id, "")
        file = self.path / name
        if not name or (file.exists() and not file.is_file()):
            raise ValueError(f"no image file {image_id!r} in the folder")
        return file

    def _is_inside(self, image_id: str) -> bool:
        parts = PurePosixPath(image_id).parts
        return bool(parts) and ".." not in parts and not image_id.startswith("/")

    def _likely_name(self, image_id: str) -> str:
        """Return the relative path that the id has with one of the usual suffixes, or ''."""
        endings = ("", *SUFFIXES) if is_image_name(image_id) else SUFFIXES
        for name in (image_id + ending for ending in endings):
            path = f"{self.path}/{name}"
            if os.path.lexists(path) and not os.path.isdir(path):
                return name
        return ""

    @cached_property
    def _files(self) -> dict[str, str]:
        """Map each id to its relative path; sorted by id."""
        names = _without_lama_masks(list(_image_names(str(self.path))))
        if not names:
            raise RequestError(
                f"{str(self.path)!r} holds no image. Looked below it for {', '.join(SUFFIXES)}"
            )
        stems = Counter(os.path.splitext(name)[0] for name in names)
        taken = stems.keys() & set(names)
        files = {}
        for name in names:
            stem = os.path.splitext(name)[0]
            files[_printable(stem if stems[stem] == 1 and stem not in taken else name)] = name
        return dict(sorted(files.items()))

    def __getstate__(self) -> dict[str, object]:
        """Pickle the parameters alone: the list of 100,000 files stays behind."""
        return {"path": self.path, "size": self.size}


def check_side(size: int, smallest: int, largest: int) -> None:
    """Raise RequestError unless smallest <= size <= largest."""
    if isinstance(size, bool) or not isinstance(size, int) or not smallest <= size <= largest:
        raise RequestError(f"size={size} is not an integer in {smallest}..{largest} pixels")


def _image_names(root: str) -> Iterator[str]:
    """Yield the relative paths of all images below `root`, each folder once (links may loop)."""
    pending: list[str] = [""]
    seen: set[tuple[int, int]] = set()
    while pending:
        folder = pending.pop()
        full = os.path.join(root, folder)
        try:
            status = os.stat(full)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            folders, files = _visible(full)
        except OSError as error:
            raise RequestError(f"cannot list {full!r}: {error.strerror}") from error
        pending.extend(f"{folder}{name}/" for name in folders)
        yield from (folder + name for name in files if is_image_name(name))


def _visible(folder: str) -> tuple[list[str], list[str]]:
    """Return the names of a folder's folders and of its files, without hidden ones."""
    folders: list[str] = []
    files: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                (folders if entry.is_dir() else files).append(entry.name)
    return folders, files


def _without_lama_masks(names: list[str]) -> list[str]:
    """Leave out the masks that lie beside their images in LaMa's test sets: x_mask001 beside x."""
    stems = {os.path.splitext(name)[0] for name in names}
    masks = ((name, LAMA_MASK.fullmatch(os.path.splitext(name)[0])) for name in names)
    return [name for name, mask in masks if not (mask and mask["image"] in stems)]


def _printable(name: str) -> str:
    """Write bytes of a file name that are no UTF-8 as \\xNN: ids go into JSON."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
