"""Writing a file in one step; the standard library alone, so that every layer may use it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_atomic(path: Path, data: bytes, *, durable: bool = True, several: bool = False) -> None:
    """Write a file so that no reader ever sees half of it; the folders above it are made.

    durable: it survives a power cut too.  several: several processes may write this path at once;
    otherwise the temporary file's name is fixed, so that what a killed process left is overwritten
    and not piled up.  An OSError names the path, and leaves nothing behind.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.tmp")
    if several:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
        temporary = Path(name)
    try:
        with temporary.open("wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            # The error of a full disk names no file, that of a failed renaming the temporary one.
            raise OSError(error.errno, error.strerror or str(error), str(path)) from error
        raise
