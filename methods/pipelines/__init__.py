"""Inpainting pipelines of diffusers, from a local folder: the extra `.[diffusers]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import Inpaint, Precision, RequestError

if TYPE_CHECKING:
    from methods.pipelines.folder import Folder


@dataclass(frozen=True)
class Diffusers:
    """A pipeline that AutoPipelineForInpainting reads (Stable Diffusion, XL, 3), or FLUX Fill.

    path: its folder; nothing is fetched.  prompt, negative_prompt: of every image; prompts: a JSON
    file, image id -> prompt, for those that it names.  guidance: None is the pipeline's own.
    strength: below 1 the start is the image with its hole filled, not noise; 1 is what papers
    compare.  fill: what the pipeline sees in the hole, where it looks: black, grey or the mean of
    the known pixels.  precision: auto is float32 on CPU and bfloat16 on CUDA.  pickles: whether
    weights that are no safetensors may be read, which can run code.
    The noise of an image comes from its seed alone.  Kernels round by the size of a batch, so that
    it equals its rows to 1e-5 (in 0..1), not to the bit; with a prompt, to guidance times that.
    """

    name: ClassVar[str] = "diffusers"
    version: ClassVar[str] = "1"
    single_threaded: ClassVar[bool] = False
    positional: ClassVar[str] = "path"
    path: Path
    prompt: str = ""
    prompts: Path | None = None
    negative_prompt: str = ""
    steps: int = 50
    guidance: float | None = None
    strength: float = 1.0
    fill: Literal["black", "grey", "mean"] = "black"
    precision: Precision = "auto"
    pickles: bool = False

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise RequestError(f"steps={self.steps} is not at least 1")
        if not 0 < self.strength <= 1:
            raise RequestError(f"strength={self.strength} is not in (0, 1]")
        if int(self.steps * self.strength) < 1:
            raise RequestError(f"steps={self.steps} of strength={self.strength} are less than one")
        self.folder().check()
        self.prompts_by_id()

    @property
    def multiple_of(self) -> int:
        """What H and W are padded to: the factor of the VAE, and of the network's patches."""
        return self.folder().multiple_of()

    def folder(self) -> Folder:
        """Return the folder as it says what it is."""
        from methods.pipelines.folder import Folder

        return Folder(self.path)

    def title(self) -> str:
        """Return what tables call it: the folder's name."""
        return self.path.absolute().name

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 over the folder's configuration and weights, and of the prompts."""
        from methods.pipelines.folder import file_hash

        hashes = {"pipeline": self.folder().content_hash()}
        return hashes if self.prompts is None else {**hashes, "prompts": file_hash(self.prompts)}

    def prompts_by_id(self) -> Mapping[str, str]:
        """Return image id -> prompt of the file; raises RequestError for a file that is none."""
        from methods.pipelines.folder import read_prompts

        return {} if self.prompts is None else read_prompts(self.prompts)

    def load(self, device: str) -> Inpaint:
        """Return the pipeline; raises RequestError for a folder that holds none."""
        from methods.pipelines.inference import Pipeline
        from methods.pipelines.loading import load_pipeline

        loaded = load_pipeline(self.folder(), device, self.precision, pickles=self.pickles)
        return Pipeline(loaded, self, self.prompts_by_id())
