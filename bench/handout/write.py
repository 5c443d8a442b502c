"""Write images and masks into a folder in the layout of somebody's program, with a handout.json."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from bench.api import PairedMasks, RequestError, imaging
from bench.api.exchange import file_name, pair_of_files
from bench.api.files import write_atomic
from bench.complete.external import NoMethod
from bench.complete.masked_image import ImageError, MaskedImage, check_first_hole, mask_image
from bench.handout.manifest import MANIFEST, UNFINISHED, Asked, HandedImage, Handout, read_handout
from bench.plan import request, spec
from bench.plan.spec import Run
from bench.store.strict_json import indented

README = "README.txt"


@dataclass
class Written:
    """The handout, how many files were there already, and id -> why an image was left out."""

    handout: Handout
    kept: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def write_handout(asked: Asked, out: Path, on_progress: Callable[[int, int], None]) -> Written:
    """Write the requested images and masks; files that are there already are kept.

    An image that cannot be loaded is left out and named.  Raises RequestError for a hole that
    cannot be drawn, and for a folder that holds anything else.
    """
    run = run_of(asked)
    ids = run.ids()
    if isinstance(run.mask, PairedMasks):
        run.mask.check_ids(ids)
    check_first_hole(run, ids)
    asked = _with_absolute_paths(asked)
    _claim(out, asked)
    described = spec.describe(run, ids)
    written = Written(Handout(asked, described["mask"], described["dataset"], (), {}))
    images: list[HandedImage] = []
    files: dict[str, str] = {}
    for number, image_id in enumerate(ids):
        try:
            image = mask_image(run, image_id)
        except ImageError as error:
            written.failed[image_id] = str(error)
        else:
            name = file_name(number)
            images.append(_handed(image, name))
            written.kept += _write_pair(written.handout, image, name, out, files)
        on_progress(number + 1, len(ids))
    written.handout = replace(written.handout, images=tuple(images), files=files)
    _finish(out, written.handout)
    return written


def run_of(asked: Asked) -> Run:
    """Return the run with these images and holes; its method completes nothing."""
    dataset = request.load_dataset(asked.dataset, asked.size)
    run = Run(
        *(NoMethod(), request.load_mask(asked.mask, dataset.size)),
        dataset,
        limit=asked.limit,
        mask_seed=asked.mask_seed,
        samples=asked.samples,
        names=request.names(mask=asked.mask, dataset=asked.dataset),
    )
    spec.check(run)
    return run


def _with_absolute_paths(asked: Asked) -> Asked:
    """Return the request with the folders of its dataset and mask as absolute paths."""

    def absolute(text: str) -> str:
        name, colon, rest = text.partition(":")
        path, comma, pairs = rest.partition(",")
        key, equals, value = path.partition("=")
        there = Path(value if equals else path).expanduser()
        if not colon or not there.exists():
            return text
        return f"{name}:{key + equals if equals else ''}{there.resolve()}{comma}{pairs}"

    return replace(asked, dataset=absolute(asked.dataset), mask=absolute(asked.mask))


def _claim(out: Path, asked: Asked) -> None:
    """Claim the folder for this request; raises RequestError when it holds something else."""
    claim = indented(asdict(asked))
    for name, holds in ((UNFINISHED, _read), (MANIFEST, _asked_of)):
        if (out / name).exists():
            if holds(out / name) != json.loads(claim):
                raise RequestError(
                    f"{out} holds a handout of other images, holes or layout; give a new folder."
                )
            break
    else:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise RequestError(f"{out} is not an empty folder; give a new one with --out.")
    write_atomic(out / UNFINISHED, claim)
    (out / MANIFEST).unlink(missing_ok=True)


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_bytes())
    except ValueError:
        return None


def _asked_of(path: Path) -> object:
    return asdict(read_handout(path.parent).asked)


def _handed(image: MaskedImage, name: str) -> HandedImage:
    height, width = image.target.shape[-2:]
    return HandedImage(image.image_id, name, height, width, hole_hash(image.hole))


def hole_hash(hole: torch.Tensor) -> str:
    """Return the sha256 of the packed bits of a bool (1, H, W) hole, as mask packs hold it."""
    return hashlib.sha256(np.packbits(hole.numpy()).tobytes()).hexdigest()


def _write_pair(
    handout: Handout, image: MaskedImage, name: str, out: Path, files: dict[str, str]
) -> int:
    """Write an image and its mask and note their hashes; return how many were there already."""
    asked, kept = handout.asked, 0
    seen = image.target if asked.with_targets else imaging.hide(image.target, image.hole)
    for file, png in pair_of_files(handout.layout, name, seen, image.hole, asked.polarity):
        path = out / file
        if path.is_file() and path.read_bytes() == png:
            kept += 1
        else:
            write_atomic(path, png, durable=False)
        files[file] = hashlib.sha256(png).hexdigest()
    return kept


def _finish(out: Path, handout: Handout) -> None:
    """Write the README, and last handout.json, which holds the hashes of all other files."""
    asked, layout = handout.asked, handout.layout
    white = "missing" if asked.polarity == "hole-white" else "kept"
    hidden = "whole" if asked.with_targets else "black where they are missing"
    where = " or ".join(layout.output_files("NUMBER", 0 if asked.samples > 1 else None))
    text = (
        f"{len(handout.images)} images in {layout.images}/ ({hidden}) and their masks in "
        f"{layout.masks}/ ({layout.mask.replace('{id}', 'NUMBER')}): white is {white}.\n"
        f"Save each completed image, 8-bit RGB and of the same size, as {where} in one folder.\n"
        + (f"{asked.samples} completions of each image: k counts from 0.\n" * (asked.samples > 1))
        + f"They are scored by: bench score --outputs FOLDER --like {out.name} --name METHOD\n"
    )
    write_atomic(out / README, text.encode())
    write_atomic(out / MANIFEST, handout.to_json())
    (out / UNFINISHED).unlink()
