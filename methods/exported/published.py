"""Where the files of widely used networks are published, with their hashes and licences."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from bench.api import RequestError

_NO_FILE = Path()


@dataclass(frozen=True)
class Published:
    """A file that others publish.  digest: "md5:..." or "sha256:...", of the file.

    licence: of the code and the weights, as their pages say; "?" where they do not.
    """

    file: str
    url: str
    size: str
    digest: str
    licence: str

    def require_file(self, name: str, path: Path) -> None:
        """Raise RequestError, which says where to get the file, unless there is one."""
        if path == _NO_FILE:
            raise RequestError(
                f"its network is not shipped. Get {self.file} ({self.size}, {self.digest}, licence "
                f"{self.licence}) from {self.url} and write {name}:FILE"
            )

    def licence_of(self, path: Path) -> str:
        """Return the licence of the published file; "" for another, and where it is unknown."""
        published = self.licence != "?" and self.remark_on(path) is None
        return self.licence if published else ""

    def remark_on(self, path: Path) -> str | None:
        """Return a remark on a file that is not the published one; None for the one that is."""
        algorithm, _, expected = self.digest.partition(":")
        about = path.stat()
        actual = _digest_of(path, algorithm, about.st_mtime_ns, about.st_size)
        if actual == expected:
            return None
        return f"{path.name} is not the published {self.file}: its {algorithm} is {actual[:16]}..."


@cache
def _digest_of(path: Path, algorithm: str, modified: int, size: int) -> str:
    """Return the digest of a file, read once while it has that time and size."""
    digest: Callable[[], Any] = {"md5": _md5, "sha256": hashlib.sha256}[algorithm]
    with path.open("rb") as file:
        return hashlib.file_digest(file, digest).hexdigest()


def _md5() -> Any:
    return hashlib.md5(usedforsecurity=False)
