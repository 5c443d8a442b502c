"""Ids of images and of outputs: what may be one, and how samples are numbered."""

from __future__ import annotations

from bench.api import RequestError
from bench.plan.spec import Run


def record_id(run: Run, image_id: str, sample: int) -> str:
    """Return the id of an output: the image's, and its sample when there are several."""
    return image_id if run.samples == 1 else f"{image_id}@{sample}"


def image_of(output_id: str, samples: int) -> str:
    """Return the id of the image that an output completes: the inverse of `record_id`."""
    return output_id.rpartition("@")[0] if samples > 1 else output_id


def safe_id(image_id: str) -> str:
    """Return the id; RequestError unless it is a plain relative path: no '..', '.', NUL, '/x'."""
    parts = image_id.split("/")
    odd = {"", ".", ".."} & set(parts) or "\0" in image_id
    if odd or image_id.encode(errors="replace").decode() != image_id:
        raise RequestError(f"The image id {image_id!r} is not a relative path; rename the image.")
    return image_id
