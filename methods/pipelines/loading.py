"""Load a diffusers folder: offline, from safetensors, without checkers that change pictures."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from bench.api import Precision, RequestError
from methods.pipelines.folder import Folder

if TYPE_CHECKING:
    import torch


def load_pipeline(folder: Folder, device: str, precision: Precision, *, pickles: bool) -> Any:
    """Return the pipeline on a device.

    Raises RequestError without diffusers, for code in the folder, for pickles unless they are
    allowed, and for what is no inpainting pipeline.
    """
    folder.check()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # diffusers' and transformers' own, about their future
        diffusers = _package()
        options: dict[str, object] = {
            "local_files_only": True,
            "use_safetensors": None if pickles else True,
            "torch_dtype": dtype_of(device, precision),
        }
        if "safety_checker" in folder.index:  # one that hits blackens the picture
            options |= {"safety_checker": None, "requires_safety_checker": False}
        if "XL" in folder.class_name:
            options["add_watermarker"] = False
        # FLUX Fill is not in AutoPipelineForInpainting's list.
        fill = folder.class_name == "FluxFillPipeline"
        loader = diffusers.DiffusionPipeline if fill else diffusers.AutoPipelineForInpainting
        try:
            pipeline = loader.from_pretrained(str(folder.path), **options)
        except Exception as error:  # diffusers raises OSError, ValueError, ImportError and others
            why = " ".join(str(error).split())[:200]
            raise RequestError(
                f"{folder.path} ({folder.class_name}) cannot be loaded as an inpainting pipeline "
                f"({why}); weights have to be safetensors unless pickles=true"
            ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def dtype_of(device: str, precision: Precision) -> torch.dtype:
    """Return what a pipeline computes in."""
    import torch

    half = precision == "bf16" or (precision == "auto" and device != "cpu")
    return torch.bfloat16 if half else torch.float32


def _package() -> Any:
    try:
        import diffusers
        import transformers
    except ImportError as error:
        raise RequestError(
            f"diffusers is not installed ({error}): pip install 'inpaint-bench[diffusers]'"
        ) from error
    for logging in (transformers.logging, diffusers.utils.logging):
        logging.set_verbosity_error()
        logging.disable_progress_bar()
    return diffusers
