"""Check a submission: hashes, images, holes and means; with the PNGs, every score."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import cast

import torch

from bench import plugins
from bench.api import ImageMetric, RequestError, imaging
from bench.complete.masked_image import ImageError, MaskedImage, mask_image
from bench.plan.ids import image_of
from bench.plan.spec import Run
from bench.runner.reference import Reference, read_reference, rebuild_task
from bench.store.directory import file_stem
from bench.store.state import State, Verification
from bench.store.summary import ImageEntry, read_summary
from bench.submission.card import licence_of, read_card
from bench.submission.pack import CARD, PIXELS, hole_hash, pixels_hash, read_submission


@dataclass
class Checked:
    """A run of a submission: its problems, whether its PNGs were read, and its number.

    licence: as the card says.
    """

    name: str
    wrong: list[str] = field(default_factory=list)
    seen: bool = False
    n: int = 0
    licence: str = ""

    @property
    def state(self) -> State | None:
        """The state that it has reached; None for a run with problems."""
        word: Verification = "re-scored" if self.seen else "claimed"
        return None if self.wrong else State(word, "", f"{self.n} outputs", self.licence)


def check(
    folder: Path,
    *,
    archives: Path | None,
    dataset: str | None,
    on_progress: Callable[[int, int], None],
) -> list[Checked]:
    """Check a submission; raises RequestError for a folder that is none, or an incomplete card.

    archives: folder of the archives of PNGs, None = in the submission; runs without an archive are
    claims.  dataset: where the images are, for datasets that are not shipped.
    """
    whole = read_submission(folder)
    card = read_card(folder / CARD)
    entries = cast("list[dict[str, object]]", whole["runs"])
    checked = []
    for done, entry in enumerate(entries):
        on_progress(done, len(entries))
        checked.append(_check_run(folder, entry, archives, dataset))
    if hashlib.sha256((folder / CARD).read_bytes()).hexdigest() != whole["method_sha256"]:
        for run in checked:
            run.wrong.append(f"{CARD} was changed after it was packed")
    names = [str(entry["name"]) for entry in entries]
    for run in checked:
        run.licence = licence_of(card)
        if names.count(run.name) > 1:
            run.wrong.append("it is there twice")
    on_progress(len(entries), len(entries))
    return checked


def _check_run(
    folder: Path, entry: Mapping[str, object], archives: Path | None, dataset: str | None
) -> Checked:
    path = folder / "runs" / str(entry["name"])
    result = Checked(str(entry["name"]))
    try:
        for name, digest in cast("Mapping[str, str]", entry["files"]).items():
            if hashlib.sha256((path / name).read_bytes()).hexdigest() != digest:
                result.wrong.append(f"{name} was changed after it was packed")
        reference = read_reference(path)
        result.n = len(reference.records)
        run = rebuild_task(reference.manifest.spec, dataset)
        result.wrong += _other_arithmetic(path, reference)
        images = _images(run, result.wrong)
        result.wrong += _other_pixels(path, reference, images)
        archive = _archive(folder, entry, archives)
        if archive is not None and not result.wrong:
            _rescore(archive, entry, reference, images, result)
    except (RequestError, OSError, ValueError, KeyError, TypeError) as error:
        result.wrong.append(" ".join(str(error).split()) or type(error).__name__)
    return result


def _archive(folder: Path, entry: Mapping[str, object], archives: Path | None) -> Path | None:
    name = Path(str(entry["archive"]))
    path = folder / name if archives is None else archives / name.name
    return path if path.is_file() else None


def _images(run: Run, wrong: list[str]) -> dict[str, MaskedImage]:
    """Return the images of a run with their holes, as this machine draws them."""
    images = {}
    for image_id in run.ids():
        try:
            images[image_id] = mask_image(run, image_id)
        except ImageError as error:
            wrong.append(f"{image_id}: {error}")
    return images


def _other_arithmetic(path: Path, reference: Reference) -> list[str]:
    """Return the metrics whose mean is not that of the scores, and outputs without a score."""
    wrong = [f"{k} has no record or score" for k in reference.records if reference.lacks(k)]
    summary = read_summary(path)
    for name, values in reference.scores.items():
        entry = summary.metrics.get(name)
        finite = [v for v in values.values() if math.isfinite(v)]
        told = entry.mean if isinstance(entry, ImageEntry) else None
        if finite and (told is None or not math.isclose(told, fmean(finite), rel_tol=1e-9)):
            wrong.append(f"summary.json says mean {name} is {told}, its scores {fmean(finite)}")
    return wrong


def _other_pixels(path: Path, reference: Reference, images: Mapping[str, MaskedImage]) -> list[str]:
    """Return the images and holes that differ from this machine's, and contradictory hashes."""
    samples = reference.manifest.spec["samples"]
    rows = list(csv.DictReader(io.StringIO((path / PIXELS).read_text("utf-8"))))
    wrong = []
    if sorted(row["id"] for row in rows) != sorted(reference.records):
        wrong.append(f"{PIXELS} does not hold every id once")
    for row in rows:
        image = images.get(image_of(row["id"], samples))
        if image is None or row["target"] != pixels_hash(image.target):
            wrong.append(f"{row['id']}: its image is not the suite's")
        elif row["hole"] != hole_hash(image.hole):
            wrong.append(f"{row['id']}: its hole is not the suite's")
        record = reference.records.get(row["id"])
        if record is not None and record.pixels_sha256 != row["output"]:
            wrong.append(f"{row['id']}: its record and {PIXELS} tell two outputs")
    return wrong


def _rescore(
    archive: Path,
    entry: Mapping[str, object],
    reference: Reference,
    images: Mapping[str, MaskedImage],
    result: Checked,
) -> None:
    """Read the outputs and compute every score of single images again."""
    if hashlib.sha256(archive.read_bytes()).hexdigest() != entry["archive_sha256"]:
        result.wrong.append(f"{archive.name} is not the archive that was packed")
        return
    result.seen = True
    torch.set_num_threads(1)
    metrics = {n: m for n in reference.scores if isinstance(m := plugins.metric(n), ImageMetric)}
    samples = reference.manifest.spec["samples"]
    with zipfile.ZipFile(archive) as file:
        for output_id, record in reference.records.items():
            pixels = imaging.decode_png(file.read(f"{file_stem(output_id)}.png"))
            image = images[image_of(output_id, samples)]
            if pixels_hash(pixels) != record.pixels_sha256:
                result.wrong.append(f"{output_id}: its PNG is not the one of its record")
            elif bool(((pixels != image.target) & ~image.hole).any()):
                result.wrong.append(f"{output_id}: known pixels were changed")
            else:
                scores = {n: reference.scores[n][output_id] for n in metrics}
                result.wrong += _other_scores(output_id, pixels, image, metrics, scores)


def _other_scores(
    output_id: str,
    pixels: torch.Tensor,
    image: MaskedImage,
    metrics: Mapping[str, ImageMetric],
    scores: Mapping[str, float],
) -> Sequence[str]:
    arguments = (pixels.float() / 255)[None], (image.target.float() / 255)[None], image.hole[None]
    recomputed = {name: float(metric(*arguments)[0]) for name, metric in metrics.items()}
    return [
        f"{output_id}: {name} is {recomputed[name]!r}, not {scores[name]!r}"
        for name in metrics
        if recomputed[name] != scores[name]
    ]
