"""Train variants of one recipe equally, to measure what each part of the denoising network adds.

    python -m tests.benchmarks.ablations --setting fashion-mnist-32 --out FOLDER
    python -m tests.benchmarks.ablations --setting photos-64 --photos FOLDER --out FOLDER
    python -m tests.benchmarks.ablations_table FOLDER --out results/ablations

Every variant sees the same images, levels and noises in the same order, for the same number of
steps, on one thread, with the number of parameters of the baseline to within 5%: where a
part is left out, levels are widened.  After a stop at any moment the same command resumes and keeps
what is finished.  The training images are Fashion-MNIST's 60,000 or the JPEGs of a folder; the
held-out images of the first are the bundled test images, of the second the folder's last 500.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from bench import plugins
from bench.api import Dataset, RequestError
from bench.api.files import write_atomic
from methods.common.images import FixedImages
from methods.common.training import Plan
from methods.ddpm.blocks import UNetConfig
from methods.ddpm.recipes import CONFIGS, TrainingConfig
from methods.ddpm.train import train
from methods.ddpm.unet import UNet
from tests.benchmarks.ablations_scores import Measures, scores

Widths = tuple[int, ...]
HELD_OUT = 500


@dataclass(frozen=True)
class Variant:
    """One network of the comparison: its change to the recipe, and the question that it answers.

    widths: of its levels, in multiples of 16, for as many parameters as the baseline (empty: the
    baseline's).
    """

    name: str
    question: str
    unet: dict[str, object] = dataclasses.field(default_factory=dict)
    schedule: str = "cosine"
    widths: Widths = ()


@dataclass(frozen=True)
class Setting:
    """A recipe, small enough to be trained many times, and its variants' widths by name."""

    recipe: str
    channels: int
    batch: int
    steps: int
    widths: Widths
    others: dict[str, Widths]


SETTINGS = {
    "fashion-mnist-32": Setting(
        *("fashion-mnist-32", 1, 32, 1500),
        widths=(1, 3, 3),
        others={
            "no skip connections": (2, 3, 3),
            "no self-attention": (2, 3, 3),
            "no time embedding": (2, 3, 3),
        },
    ),
    "photos-64": Setting(
        *("photos-64", 3, 16, 1500),
        widths=(2, 4, 6),
        others={
            "no skip connections": (3, 5, 6),
            "no self-attention": (3, 4, 6),
            "no time embedding": (3, 4, 6),
        },
    ),
}
VARIANTS = (
    Variant("baseline", "all parts; cosine, learned variance, eps"),
    Variant("no skip connections", "does the U need its skips?", {"skips": False}),
    Variant("no self-attention", "what does attention add?", {"self_attention": False}),
    Variant("embedding added", "what does adaptive group norm add?", {"scale_shift": False}),
    Variant("no time embedding", "does the network need t?", {"time_embedding": False}),
    Variant("v prediction", "eps or v?", {"prediction": "v"}),
    Variant("linear schedule", "linear or cosine?", schedule="linear"),
    Variant("fixed variance", "is a learned variance worth its loss?", {"out_channels": 1}),
    # With a learned variance its fillings diverge: the errors in eps that x0's imply at little
    # noise drive the variance out of its bounds.
    Variant("x0 prediction, fixed variance", "eps or x0?", {"prediction": "x0", "out_channels": 1}),
)


def main() -> None:
    options = parse()
    torch.set_num_threads(1)
    setting = SETTINGS[options.setting]
    steps = options.steps or setting.steps
    chosen = [v for v in VARIANTS if not options.only or v.name in options.only]
    images, held_out = (
        photographs(options.photos) if options.photos else fashion_mnist(options.setting)
    )
    measures = Measures(options.lpips_images, options.fid_images, options.out / "fid")
    for seed in options.seed:
        for variant in chosen:
            config = configured(setting, variant, steps)
            folder = options.out / variant.name.replace(" ", "-") / f"seed-{seed}"
            run(variant, config, images, held_out(), folder, seed, options.precision, measures)


def run(
    variant: Variant,
    config: TrainingConfig,
    images: Callable[[], FixedImages],
    held_out: Dataset,
    folder: Path,
    seed: int,
    precision: str,
    measures: Measures,
) -> None:
    """Train and score one variant, unless it is done."""
    result = folder / "scores.json"
    if result.is_file():
        return
    print(f"{variant.name}, seed {seed}: {parameters(config.unet):,} parameters", flush=True)
    began = time.process_time()
    plan = Plan(config.steps, log_every=100, sample_every=0, checkpoint_seconds=30)
    weights = train(config, images(), folder, plan=plan, seed=seed, precision=precision)
    facts = {
        "variant": variant.name,
        "question": variant.question,
        "seed": seed,
        "parameters": parameters(config.unet),
        "steps": config.steps,
        "batch": config.batch,
        "precision": precision,
        # Of the last session alone: smaller than the training's where it was resumed.
        "processor_seconds": round(time.process_time() - began, 1),
    }
    computed = scores(weights, config.unet.size, held_out, measures)
    write_atomic(result, json.dumps({**facts, **computed}, indent=1).encode())


def configured(setting: Setting, variant: Variant, steps: int) -> TrainingConfig:
    """Return the training configuration of a variant."""
    changes = dict(variant.unet)
    if "out_channels" in changes:
        changes["out_channels"] = setting.channels
    widths = setting.others.get(variant.name, setting.widths)
    recipe = CONFIGS[setting.recipe]
    unet = dataclasses.replace(
        recipe.unet,
        channels=16,
        head_channels=16,
        multipliers=widths,
        **changes,  # type: ignore[arg-type]
    )
    return dataclasses.replace(
        recipe, unet=unet, schedule=variant.schedule, batch=setting.batch, steps=steps
    )


def parameters(unet: UNetConfig) -> int:
    """Return the number of trainable parameters."""
    with torch.device("meta"):
        return sum(p.numel() for p in UNet(unet).parameters())


def fashion_mnist(setting: str) -> tuple[Callable[[], FixedImages], Callable[[], Dataset]]:
    """Return the training images, read when they are needed, and the bundled test images."""
    if setting != "fashion-mnist-32":
        raise RequestError(f"{setting} needs --photos FOLDER with JPEGs of 64x64 pixels")

    def images() -> FixedImages:
        dataset = plugins.dataset("fashion-mnist:split=train")
        rows = [(255 * dataset.load(i)[0]).round().byte().numpy() for i in dataset.ids()]
        return FixedImages(np.stack(rows), flip=False)

    return images, lambda: plugins.dataset("fashion-mnist")


def photographs(folder: Path) -> tuple[Callable[[], FixedImages], Callable[[], Dataset]]:
    """Return a folder's JPEGs without the last 500, and the last 500."""
    files = sorted(folder.glob("*.JPEG"))

    def images() -> FixedImages:
        return FixedImages(np.stack([read(f) for f in files[:-HELD_OUT]]), flip=True)

    return images, lambda: Pictures(tuple(files[-HELD_OUT:]))


def read(file: Path) -> np.ndarray:
    return np.asarray(Image.open(file).convert("RGB"))


@dataclass(frozen=True)
class Pictures:
    """Files as a Dataset: their names are the ids."""

    files: tuple[Path, ...]
    name: str = "photographs"
    version: str = "1"

    def ids(self) -> list[str]:
        return [file.name for file in self.files]

    def load(self, image_id: str) -> torch.Tensor:
        pixels = read(self.files[0].parent / image_id)
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255

    def fingerprint(self, image_id: str) -> str:
        return image_id

    def source(self, image_id: str) -> str:
        return image_id


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--setting", choices=SETTINGS, default="fashion-mnist-32")
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs for photos-64")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, help="instead of the setting's")
    parser.add_argument("--seed", type=int, action="append")
    parser.add_argument("--only", action="append", choices=[v.name for v in VARIANTS])
    parser.add_argument("--precision", choices=["fp32", "bf16"], default="fp32", help="of training")
    parser.add_argument("--lpips-images", type=int, default=200)
    parser.add_argument("--fid-images", type=int, default=500, help="0: no FID")
    options = parser.parse_args(arguments)
    options.seed = options.seed or [0]
    return options


if __name__ == "__main__":
    main()
