"""Run the program once: write its files, wait, read its outputs, remove everything."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.api import imaging
from bench.api.exchange import file_name, find_file, pair_of_files
from methods.command.recipe import Recipe, fill

if TYPE_CHECKING:
    import torch

SUPERVISOR = Path(__file__).with_name("supervisor.py")
LAST_WORDS = 300


class ProgramError(Exception):
    """An error of the program, in one line."""


@dataclass(frozen=True)
class Group:
    """Images that one start of the program completes.

    images: uint8 (N, 3, H, W), their holes filled as `hidden` says.  holes: bool (N, 1, H, W).
    """

    images: torch.Tensor
    holes: torch.Tensor
    seeds: Sequence[int]
    device: str


def complete(recipe: Recipe, group: Group) -> torch.Tensor:
    """Return the program's outputs for a group, float32 (N, 3, H, W) in [0, 1].

    The program sees a private folder with the masks and the images, whose holes are hidden; the
    folder is removed afterwards.  Raises ProgramError for a program that fails, and for an output
    that is missing, unreadable, of another size, or outside the folder.
    """
    import torch

    # Two levels down, so that ".." of a folder that the program gets is private as well.
    private = Path(tempfile.mkdtemp(prefix="bench-command-")).resolve()
    scratch = private / "files"
    try:
        names = _write(recipe, group, scratch)
        outputs = scratch / "outputs"
        for values in _starts(recipe, group, names, scratch):
            _run(recipe, {**values, "outputs": str(outputs)}, private)
        if outputs.resolve() != outputs:
            raise ProgramError("the program replaced the folder of outputs by a link")
        size = (group.images.shape[-1], group.images.shape[-2])
        return torch.stack([_read(recipe, outputs, name, size) for name in names])
    finally:
        shutil.rmtree(private, ignore_errors=True)


def _write(recipe: Recipe, group: Group, scratch: Path) -> list[str]:
    """Write images, masks and seeds; return the names of the images' files."""
    layout = recipe.files_layout
    polarity = recipe.polarity or layout.polarity
    for folder in ("outputs", layout.images, layout.masks):
        (scratch / folder).mkdir(parents=True, exist_ok=True)
    names = [file_name(k) for k in range(len(group.seeds))]
    for name, image, hole in zip(names, group.images, group.holes, strict=True):
        for file, png in pair_of_files(layout, name, image, hole, polarity):
            (scratch / file).write_bytes(png)
    lines = (f"{name} {seed % 2**31}\n" for name, seed in zip(names, group.seeds, strict=True))
    (scratch / "seeds.txt").write_text("".join(lines))
    return names


def _starts(
    recipe: Recipe, group: Group, names: Sequence[str], scratch: Path
) -> list[dict[str, str]]:
    """Return the placeholders' values for each start: one start, or one per image."""
    layout = recipe.files_layout
    common = {
        "images": str(scratch / layout.images),
        "masks": str(scratch / layout.masks),
        "seeds": str(scratch / "seeds.txt"),
        "seed": str(group.seeds[0] % 2**31),
        "device": group.device,
    }
    if not recipe.one_by_one:
        return [common]
    return [
        {
            **common,
            "image": str(scratch / layout.image_file(name)),
            "mask": str(scratch / layout.mask_file(name)),
            "output": str(scratch / "outputs" / f"{name}.png"),
            "seed": str(seed % 2**31),
        }
        for name, seed in zip(names, group.seeds, strict=True)
    ]


def _run(recipe: Recipe, values: Mapping[str, str], private: Path) -> None:
    """Start the program and wait for it; raises ProgramError unless it ends well."""
    environment = {**recipe.files_layout.environment, **recipe.environment}
    asked = {
        "argv": [recipe.program(), *(fill(word, values) for word in recipe.argv[1:])],
        "directory": str(recipe.directory.absolute()),
        "environment": {**os.environ, **{k: fill(v, values) for k, v in environment.items()}},
        "scratch": str(private),
    }
    supervisor = subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    # Leaving the block closes the supervisor's stdin; the supervisor then ends the program.
    with supervisor:
        if supervisor.stdin is None or supervisor.stdout is None:
            raise ProgramError("it cannot be watched")
        supervisor.stdin.write(json.dumps(asked).encode() + b"\n")
        supervisor.stdin.flush()
        said = supervisor.stdout.read()
    _check_ending(json.loads(said) if said else {"code": None, "stderr": "it was killed"})


def _check_ending(ended: Mapping[str, object]) -> None:
    code = ended["code"]
    if code == 0:
        return
    words = _last_words(str(ended.get("stderr", ""))) or _last_words(str(ended.get("stdout", "")))
    if code is None:
        raise ProgramError(f"the program could not be run: {words}")
    end = f"exit code {code}" if isinstance(code, int) and code > 0 else _signal(code)
    raise ProgramError(f"the program ended with {end}: {words or 'it said nothing'}")


def _signal(code: object) -> str:
    try:
        return signal.Signals(-int(str(code))).name
    except ValueError:
        return f"exit code {code}"


def _last_words(text: str) -> str:
    """Return the last lines as one line, without text that a progress bar overwrote."""
    lines = [line.rsplit("\r", 1)[-1].strip() for line in text.splitlines()]
    return " | ".join([line for line in lines if line][-3:])[-LAST_WORDS:]


def _read(recipe: Recipe, outputs: Path, name: str, size: tuple[int, int]) -> torch.Tensor:
    """Return an output, float32 (3, H, W); raises ProgramError.  size: width and height."""
    files = recipe.files_layout.output_files(name)
    try:
        path = find_file(outputs, files)
        if path is None:
            raise ProgramError(f"the program ended well, but wrote no {' or '.join(files)}")
        pixels = imaging.read_rgb(path)
    except (OSError, ValueError) as error:
        raise ProgramError(f"the program's output {name} cannot be used: {error}") from error
    height, width = pixels.shape[:2]
    if (width, height) != size:
        raise ProgramError(
            f"the program's output is {width}x{height} pixels, its image {size[0]}x{size[1]}"
        )
    return imaging.to_tensor(pixels)
