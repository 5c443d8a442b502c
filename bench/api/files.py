"""Writing a file in one step; the standard library alone, so that every layer may use it."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_atomic(
    path: Path | str, data: bytes, *, durable: bool = True, several: bool = False
) -> None:
    """Write a file so that no reader ever sees half of it; the folders above it are made.

    durable: it survives a power cut too.  several: several processes may write this path at once;
    otherwise the temporary file's name is fixed, so that what a killed process left is overwritten
    and not piled up.  An OSError names the path, and leaves nothing behind.
    """
    folder, name = os.path.split(path)
    try:
        _write(folder, name, data, durable, several)
    except FileNotFoundError:  # looked for now alone: a run writes thousands of files to a folder
        os.makedirs(folder or ".", exist_ok=True)
        _write(folder, name, data, durable, several)


def _write(folder: str, name: str, data: bytes, durable: bool, several: bool) -> None:
    """Write a file of a folder that is there; FileNotFoundError where it is not."""
    path, temporary = os.path.join(folder, name), os.path.join(folder, f".{name}.tmp")
    try:
        if several:
            handle, temporary = tempfile.mkstemp(dir=folder or ".", prefix=f".{name}.")
            os.close(handle)
        with open(temporary, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            # The error of a full disk names no file, that of a failed renaming the temporary one.
            raise OSError(error.errno, error.strerror or str(error), path) from error
        raise
