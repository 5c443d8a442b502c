"""Training from the command line: a dataset becomes an image source, names become holes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import plugins
from bench.api import RequestError, imaging
from bench.execute.devices import check_device

if TYPE_CHECKING:
    import numpy as np

    from methods.common.images import ImageSource


@dataclass(frozen=True)
class Recipe:
    """What to train: a configuration's name, and what of it is changed.

    settings: "key=value" for fields of the configuration (schedule=linear; completion=1500,
    joint=4000, skips=false).  masks: names of holes, instead of the configuration's.
    """

    config: str
    settings: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()


def train(
    method: str, recipe: Recipe, dataset: str, out: Path, *, held_out: int, **options: Any
) -> Path:
    """Train, or go on; return the path of the weights.

    options: steps, minutes, device, seed, precision of the method's train function.
    """
    check_device(options.get("device", "cpu"))
    configs, run, side = _trainer(method)
    if recipe.config not in configs:
        hint = plugins.did_you_mean(recipe.config, list(configs))
        known = ", ".join(configs)
        raise RequestError(f"Unknown config {recipe.config!r}.{hint} Known: {known}.")
    config = configs[recipe.config]
    given = plugins.parse_parameters(type(config), ",".join(recipe.settings))
    names = plugins.split_list(recipe.masks)
    if names and hasattr(config, "holes"):
        given["holes"] = tuple(names)
    config = dataclasses.replace(config, **given)
    names = names or list(getattr(config, "holes", ("center-box",)))
    holes = [plugins.mask(name) for name in names]
    source = image_source(dataset, side(config), held_out)
    return Path(run(config, source, out, holes=holes, **options))


def image_source(text: str, side: int, held_out: int) -> ImageSource:
    """Return a dataset's images for training at side x side, without the last `held_out`.

    Images of that very size are taken as they are; larger ones are cropped at random places and
    scales.  Raises RequestError when nothing is left.
    """
    import numpy as np

    from methods.common.images import FixedImages, RandomCrops

    loaded = plugins.dataset(text)
    ids = loaded.ids()
    kept = ids[: len(ids) - held_out]
    if not kept:
        raise RequestError(f"{len(ids)} images with the last {held_out} held out: none is left.")
    pixels = [_pixels(loaded.load(image_id)) for image_id in kept]
    if all(p.shape == (side, side, 3) for p in pixels):
        return FixedImages(np.stack(pixels), flip=not _has_sides(text))
    return RandomCrops(pixels, side)


def _has_sides(text: str) -> bool:
    """Return whether left and right mean something: shoes of Fashion-MNIST all point left."""
    return text.startswith("fashion-mnist")


def _trainer(method: str) -> tuple[dict[str, Any], Any, Any]:
    """Return a method's configurations, its train function, and the side a configuration has."""
    if method == "ddpm":
        from methods.ddpm import train as ddpm

        return dict(ddpm.CONFIGS), ddpm.train, lambda config: config.unet.size
    from methods.glcic import train as glcic

    return dict(glcic.CONFIGS), glcic.train, lambda config: config.size


def _pixels(image: Any) -> np.ndarray:
    return imaging.to_uint8(image).permute(1, 2, 0).contiguous().numpy()
