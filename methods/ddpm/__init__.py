"""The method `ddpm`: its parameters, and the way from the contract to the sampler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from bench.api import PRECISIONS, Inpaint, Precision, RequestError, Trainer, added_later
from methods.ddpm.pretrained import PRESETS, SHIPPED, multiple_of, trained_at, weights_path
from methods.ddpm.samplers.guided import PiGDM
from methods.ddpm.samplers.limits import check_within
from methods.ddpm.samplers.options import Sampler

if TYPE_CHECKING:
    import torch

Weights = Literal[
    "auto",
    "fashion-mnist-32",
    "photos-64",
    "celebahq-256",
    "places-256",
    "imagenet-256",
    "imagenet-256-cond",
]
# Settings by name, as specs: RePaint's of the quickstart suite, and its published one.
SETTINGS = {
    "quick": "ddpm:sampler=repaint,steps=10,jump_length=1,jump_samples=4",
    "repaint": "ddpm:sampler=repaint,steps=250,jump_length=10,jump_samples=10",
}


@dataclass(frozen=True)
class DDPM:
    """Masked sampling from a diffusion model, by PiGDM (Song et al. 2023) or another sampler.

    sampler: see `bench list samplers`; its parameters, steps (levels of the respaced schedule, 1 to
    1000) among them, are written beside it.  PiGDM fills best at its cost with the shipped weights;
    a parameter that RePaint alone has (Lugmayr et al. 2022), such as jump_samples, means RePaint.
    schedule: "auto" is the weights' own, and another is an error.
    precision: "auto" is bfloat16 where the device and the network gain from it; samplers that need
    gradients compute in float32.
    blend: "seamless" fits the filling's colours to the known pixels by a Poisson equation (Perez et
    al. 2003); "none" leaves what was sampled; "auto" blends what photos-64 fills, measured better.
    eps_scale: a factor on the predicted noise, .5 to 1.5 (epsilon scaling, Ning et al., ICLR 2024).
    weights: "auto" takes fashion-mnist-32 for 32x32 images and photos-64 (trained at 64x64 on
    photographs) for all others; the field's names need path=FILE.  path: a file in place of the
    shipped one: a guided-diffusion state dict of the preset named by `weights`; with "auto", a
    file that `bench train ddpm` wrote, or a diffusers UNet2DModel folder.
    """

    name: ClassVar[str] = "ddpm"
    version: ClassVar[str] = "6"
    single_threaded: ClassVar[bool] = False
    sampler: Sampler = field(default=PiGDM())
    schedule: Literal["auto", "linear", "cosine"] = "auto"
    precision: Precision = "auto"
    blend: Literal["auto", "none", "seamless"] = "auto"
    eps_scale: float = added_later(1.0)
    weights: Weights = "auto"
    path: Path | None = None

    def __post_init__(self) -> None:
        choices = {
            "weights": ("auto", *SHIPPED, *PRESETS),
            "schedule": ("auto", "linear", "cosine"),
            "precision": PRECISIONS,
            "blend": ("auto", "none", "seamless"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                value = getattr(self, name)
                raise RequestError(f"{name}={value!r}; allowed: {', '.join(allowed)}")
        check_within("eps_scale", self.eps_scale, 0.5, 1.5)
        if self.sampler.gradients and self.precision == "bf16":
            raise RequestError(
                f"precision=bf16, but sampler={self.sampler.name} needs gradients, which are taken "
                "in float32; give precision=auto, or a sampler without them, such as sampler=ddnm"
            )

    @property
    def multiple_of(self) -> int:
        """What height and width must be multiples of: the U-Net's downsampling."""
        return multiple_of(self.weights, self.path)

    def assets(self) -> Mapping[str, str]:
        """Return the sha256 of every weights file that may be used."""
        from methods.common.checkpoints import sha256

        files = {name: weights_path(name, self.path) for name in self.choices()}
        hashed: dict[str, str] = {}
        for name, file in files.items():
            inside = sorted(file.glob("*.*")) if file.is_dir() else [file]
            hashed |= {f"{name}/{f.name}" if len(inside) > 1 else name: sha256(f) for f in inside}
        return hashed

    def choices(self) -> tuple[str, ...]:
        """Return the names of the weights that this method may use."""
        if self.weights != "auto":
            return (self.weights,)
        return ("own",) if self.path is not None else tuple(SHIPPED)

    def check_device(self, device: str) -> None:
        """Raise RequestError when this machine cannot compute in the precision asked for."""
        from methods.common import processor

        processor.choose(self.precision, device)

    def load(self, device: str) -> Inpaint:
        """Load the weights onto a device; raises RequestError when they cannot be used."""
        from methods.ddpm.completer import DiffusionCompleter

        return DiffusionCompleter(self, device)

    @classmethod
    def trainer(cls) -> Trainer:
        """Return how the network is trained; the masks are for the sample grids alone."""
        from methods.ddpm.recipes import CONFIGS
        from methods.ddpm.train import train

        return Trainer(CONFIGS, lambda config: config.unet.size, lambda _: ("center-box",), train)

    def trained_at(self) -> int:
        """Return the side of the images that the network was trained on; "auto": photographs'."""
        return trained_at(self.weights, self.path)

    def explain_size(self) -> int:
        """Return the side that the shipped network of photographs was trained at."""
        return 64

    def explain(self, image: torch.Tensor, hole: torch.Tensor, seed: int, out: Path) -> None:
        """Draw noise going in, the schedules, and the hole being filled (PNG)."""
        from methods.ddpm.explain import draw

        draw(image, hole, out, method=self, seed=seed)
