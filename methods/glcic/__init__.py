"""GLCIC: globally and locally consistent completion (Iizuka et al. 2017), with U-Net skips."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import PRECISIONS, Inpaint, Precision, RequestError, Trainer

if TYPE_CHECKING:
    import torch

Weights = Literal["auto", "fashion-mnist-32", "photos-64"]
SHIPPED = ("fashion-mnist-32", "photos-64")
PAPER_SIDE = 256


@dataclass(frozen=True)
class GLCIC:
    """U-Net GAN with dilated convolutions and two discriminators (GLCIC, Iizuka et al. 2017).

    weights: which of the shipped weights; "auto" takes fashion-mnist-32 for 32x32 images and
    photos-64 for all others.  path: a checkpoint instead: one of `bench train glcic`,
    GLCIC-PyTorch's `model_cn_step*` (with its config.json beside it) or MMagic's.
    blend: "poisson" is the paper's post-processing; "none" leaves the network's output; "auto" is
    what the weights' recipe names: measured better, none for fashion-mnist-32, poisson for others.
    precision: "auto" is bf16 on processors that compute in it, else fp32.
    """

    name: ClassVar[str] = "glcic"
    version: ClassVar[str] = "7"
    multiple_of: ClassVar[int] = 4
    single_threaded: ClassVar[bool] = False
    seeded: ClassVar[bool] = False
    weights: Weights = "auto"
    blend: Literal["auto", "none", "poisson"] = "auto"
    precision: Precision = "auto"
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.weights not in ("auto", *SHIPPED):
            raise RequestError(f"weights={self.weights!r} is not one of auto, {', '.join(SHIPPED)}")
        if self.blend not in ("auto", "none", "poisson"):
            raise RequestError(f"blend={self.blend!r} is not one of auto, none, poisson")
        if self.precision not in PRECISIONS:
            allowed = ", ".join(PRECISIONS)
            raise RequestError(f"precision={self.precision!r} is not one of {allowed}")
        if self.path is not None and self.weights != "auto":
            raise RequestError(f"weights={self.weights} and path={self.path} are given; give one")

    def assets(self) -> Mapping[str, str]:
        """Map each file that a run may use to its sha256: never its path."""
        from methods.common.checkpoints import sha256

        return {name: sha256(file) for name, file in self._files().items()}

    def check_device(self, device: str) -> None:
        """Raise RequestError when this machine cannot compute in the precision asked for."""
        from methods.common import processor

        processor.choose(self.precision, device)

    def load(self, device: str) -> Inpaint:
        """Return the method; a file of weights is read at the first image that needs it."""
        from methods.glcic.completer import NetworkCompleter

        files = self._files()
        files.pop("config", None)
        return NetworkCompleter(files, device, precision=self.precision, blend=self.blend)

    def explain_size(self) -> int:
        """Return the side that the network was trained at."""
        return self.trained_at()

    def explain(self, image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path) -> None:
        """Draw the network's input, output and blended result, and the discriminators' views."""
        from methods.glcic.explain import draw

        draw(image, hole, self, out)

    def trained_at(self) -> int:
        """Return the side of the training images; 256, the paper's, for others' checkpoints."""
        if self.path is None:
            return 32 if self.weights == "fashion-mnist-32" else 64
        from methods.glcic.checkpoint import training_side

        return training_side(self.path) or PAPER_SIDE

    @classmethod
    def trainer(cls) -> Trainer:
        """Return how the network is trained."""
        from methods.glcic.train import CONFIGS, train

        return Trainer(
            CONFIGS,
            lambda config: config.size,
            lambda config: config.holes,
            train,
            default="photos-64",
        )

    def _files(self) -> dict[str, Path]:
        """Return the files of weights by name, and a GLCIC-PyTorch checkpoint's config.json."""
        if self.path is not None:
            files = {"path": self.path}
            config = self.path.with_name("config.json")
            if self.path.suffix != ".safetensors" and config.is_file():
                files["config"] = config
        else:
            names = SHIPPED if self.weights == "auto" else (self.weights,)
            files = {name: _shipped(name) for name in names}
        for file in files.values():
            if not file.is_file():
                raise RequestError(f"{file} does not exist; give path=FILE of a checkpoint")
        return files


def _shipped(name: str) -> Path:
    return Path(__file__).parents[1] / "weights" / f"glcic-{name}.safetensors"
