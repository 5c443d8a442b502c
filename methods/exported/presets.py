"""Names for widely used exported networks, which set the parameters of torchscript: and onnx:.

No file is shipped or downloaded: a name without one says where it is published.  The conventions of
each network were read from its authors' code, or from code that runs it (IOPaint).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import Completion, Inpaint
from methods.exported.conventions import Range
from methods.exported.onnx import ONNX
from methods.exported.published import Published
from methods.exported.torchscript import TorchScript

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

_IOPAINT = "https://github.com/Sanster/models/releases/download/"
_HUB = "https://huggingface.co/"


@dataclass(frozen=True)
class Lama(TorchScript):
    """LaMa (Suvorov et al. 2022), big-lama on Places, exported to TorchScript.

    path: big-lama.pt.  Its sides are any multiple of 8, and it hides the hole itself.
    """

    name: ClassVar[str] = "lama"
    published: ClassVar[Published] = Published(
        "big-lama.pt", f"{_IOPAINT}add_big_lama/big-lama.pt", "206 MB",
        "md5:e3aa4aaa15225a33ec84f9f4bc47e500", "Apache-2.0",
    )  # fmt: skip
    path: Path = Path()

    def __post_init__(self) -> None:
        self.published.require_file(self.name, self.path)
        super().__post_init__()

    def licence(self) -> str:
        """Return the licence of the published file, "" for another file."""
        return self.published.licence_of(self.path)

    def load(self, device: str) -> Inpaint:
        """Return the network; it remarks on a file that is not the published one."""
        return _Remarking(super().load(device), self.published.remark_on(self.path))


@dataclass(frozen=True)
class LamaAnime(Lama):
    """LaMa fine-tuned on anime and manga, exported to TorchScript.

    path: anime-manga-big-lama.pt.
    """

    name: ClassVar[str] = "lama-anime"
    published: ClassVar[Published] = Published(
        "anime-manga-big-lama.pt",
        f"{_IOPAINT}AnimeMangaInpainting/anime-manga-big-lama.pt", "197 MiB",
        "md5:29f284f36a0a510bcacf39ecf4c4d54f", "?",
    )  # fmt: skip


@dataclass(frozen=True)
class MIGAN(Lama):
    """MI-GAN (Sargsyan et al. 2023), traced at 512 pixels: migan_traced.pt.

    One tensor: the mask (keep - 0.5), then the image in -1..1 with 0 in the hole.  Other sizes are
    resized, as in its demo.  Its output outside the hole is meaningless.
    """

    name: ClassVar[str] = "migan"
    published: ClassVar[Published] = Published(
        "migan_traced.pt", f"{_IOPAINT}migan/migan_traced.pt", "27 MiB",
        "md5:76eb3b1a71c400ee3290524f7a11b89c", "MIT",
    )  # fmt: skip
    fixed: int = 512
    multiple_of: int = 1
    value_range: Range = "-1..1"
    polarity: Literal["hole", "keep"] = "keep"
    mask_range: Literal["0..1", "0..255", "-0.5..0.5"] = "-0.5..0.5"
    hidden: Literal["zero", "mid", "mean"] = "mid"
    inputs: Literal["pair", "stack"] = "stack"
    mask_first: bool = True


@dataclass(frozen=True)
class LamaONNX(ONNX):
    """LaMa on Places as ONNX with a fixed size of 512 pixels: Carve's lama_fp32.onnx."""

    name: ClassVar[str] = "lama-onnx"
    published: ClassVar[Published] = Published(
        "lama_fp32.onnx",
        f"{_HUB}Carve/LaMa-ONNX/resolve/c3c0c9e468934d62e79c329e35d82dd09ff8c444/lama_fp32.onnx",
        "208 MB", "sha256:1faef5301d78db7dda502fe59966957ec4b79dd64e16f03ed96913c7a4eb68d6",
        "Apache-2.0",
    )  # fmt: skip
    path: Path = Path()
    output_range: Literal["same", "0..1", "-1..1", "0..255"] = "0..255"

    def __post_init__(self) -> None:
        self.published.require_file(self.name, self.path)
        super().__post_init__()

    def licence(self) -> str:
        """Return the licence of the published file, "" for another file."""
        return self.published.licence_of(self.path)

    def load(self, device: str) -> Inpaint:
        """Return the network; it remarks on a file that is not the published one."""
        return _Remarking(super().load(device), self.published.remark_on(self.path))


@dataclass(frozen=True)
class LamaOpenCV(LamaONNX):
    """LaMa as OpenCV's model zoo publishes it, 512 pixels: inpainting_lama_2025jan.onnx.

    RGB, as LaMa was trained; the zoo's own demo gives it BGR.
    """

    name: ClassVar[str] = "lama-opencv"
    published: ClassVar[Published] = Published(
        "inpainting_lama_2025jan.onnx", f"{_HUB}opencv/inpainting_lama", "93 MB",
        "sha256:7df918ac3921d3daf0aae1d219776cf0dc4e4935f035af81841b40adcf74fdf2", "Apache-2.0",
    )  # fmt: skip


@dataclass(frozen=True)
class LamaDilated(LamaONNX):
    """LaMa with dilated convolutions, trained on CelebA-HQ, 512 pixels: LaMa-Dilated.onnx."""

    name: ClassVar[str] = "lama-dilated"
    published: ClassVar[Published] = Published(
        "LaMa-Dilated.onnx",
        f"{_HUB}qualcomm/LaMa-Dilated/resolve/ab898502c9bd764a50eb2719a309694b43eae658/LaMa-Dilated.onnx",
        "183 MB", "sha256:6f9e1d401eb67a63fb1be6c0cf3283d800bf4c20656028f96b044fedc382d762",
        "BSD-3-Clause / Apache-2.0",
    )  # fmt: skip
    output_range: Literal["same", "0..1", "-1..1", "0..255"] = "same"


@dataclass(frozen=True)
class LamaStacked(LamaONNX):
    """LaMa in 8-bit weights, one input of four channels, any multiple of 32: lama_int8.onnx."""

    name: ClassVar[str] = "lama-stacked"
    published: ClassVar[Published] = Published(
        "lama_int8.onnx", f"{_HUB}g-ronimo/lama/resolve/main/lama_int8.onnx", "62 MB",
        "sha256:1941214c210399eb815eb2d32570ba91d5e6c4ac3de4c939bd3fb09300454972", "?",
    )  # fmt: skip
    multiple_of: int = 32
    inputs: Literal["pair", "stack"] = "stack"
    output_range: Literal["same", "0..1", "-1..1", "0..255"] = "same"


@dataclass(frozen=True)
class MIGANPipeline(LamaONNX):
    """MI-GAN with its cropping and blending in one graph: migan_pipeline_v2.onnx, any size.

    Near the border its output depends on the image inside the hole, so the hole is filled with the
    mean of the known pixels first.  For scores use `migan`.
    """

    name: ClassVar[str] = "migan-pipeline"
    published: ClassVar[Published] = Published(
        "migan_pipeline_v2.onnx",
        f"{_HUB}andraniksargsyan/migan/resolve/main/migan_pipeline_v2.onnx", "28 MB",
        "sha256:6f1f3530a1a2324b19752018ce756088b07973cda8d7d890034ace5c8a48c40b", "MIT",
    )  # fmt: skip
    multiple_of: int = 1
    value_range: Range = "0..255"
    mask_range: Literal["0..1", "0..255", "-0.5..0.5"] = "0..255"
    polarity: Literal["hole", "keep"] = "keep"
    hidden: Literal["zero", "mid", "mean"] = "mean"
    output_range: Literal["same", "0..1", "-1..1", "0..255"] = "same"


class _Remarking:
    """A loaded network that may have a remark on its file."""

    def __init__(
        self,
        inpaint: Callable[[torch.Tensor, torch.Tensor, Sequence[int]], torch.Tensor | Completion],
        remark: str | None,
    ) -> None:
        self._inpaint = inpaint
        self.remark = remark

    def __call__(
        self, visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
    ) -> torch.Tensor | Completion:
        """Complete a batch."""
        return self._inpaint(visible, hole, seeds)
