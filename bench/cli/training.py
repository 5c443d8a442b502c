"""Training from the command line: a dataset becomes an image source, names become holes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench import plugins
from bench.api import Dataset, RequestError, StatesSymmetry, Trainer, Trains
from bench.cli import test_set
from bench.cli.progress import shown
from bench.cli.training_images import image_source, training_images
from bench.execute.devices import check_device

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class ChosenRecipe:
    """What to train: a configuration's name (None: the method's default), and its changes.

    settings: "key=value" for fields of the configuration (schedule=linear; completion=1500,
    joint=4000, skips=false).  masks: names of holes, instead of the configuration's.  larger: size
    -> share of the batches that hold images of that size instead of the configuration's.
    """

    config: str | None = None
    settings: tuple[str, ...] = ()
    masks: tuple[str, ...] = ()
    larger: Mapping[int, float] = field(default_factory=dict)


def train(
    method: str,
    recipe: ChosenRecipe,
    datasets: Sequence[str],
    out: Path,
    *,
    held_out: int,
    with_test_images: bool = False,
    start: Path | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    device: str = "cpu",
    seed: int = 0,
    precision: str = "auto",
) -> Path:
    """Train, or go on; return the path of the weights.  See bench.api.Train for other options.

    with_test_images: do not look for images of free-photos among those of the dataset.
    """
    from methods.common import processor

    check_device(device)
    processor.choose(precision, device)
    trainer = _trainer(method)
    config = _configured(trainer, recipe)
    names = plugins.split_list(recipe.masks) or trainer.holes(config)
    holes = [plugins.mask(name) for name in names]
    loaded = [plugins.dataset(name) for name in datasets]
    images = training_images(loaded, held_out)
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)  # if this fails, it fails before minutes of work
    if not with_test_images:
        _refuse_test_images(images, out if new else None)
    flip = all(map(_may_mirror, loaded))
    source = image_source(images, trainer.size(config), flip=flip, larger=recipe.larger)
    return trainer.train(
        config, source, out,
        holes=holes, start=start, steps=steps, minutes=minutes,
        device=device, seed=seed, precision=precision,
    )  # fmt: skip


def _configured(trainer: Trainer, recipe: ChosenRecipe) -> Any:
    """Return the configuration with its changes; raises RequestError for an unknown one."""
    name = recipe.config or trainer.default or next(iter(trainer.recipes))
    if name not in trainer.recipes:
        hint = plugins.did_you_mean(name, trainer.recipes)
        recipes = ", ".join(trainer.recipes)
        raise RequestError(f"Unknown config {name!r}.{hint} Known: {recipes}.")
    config = trainer.recipes[name]
    changes = plugins.parse_parameters(type(config), ",".join(recipe.settings))
    names = plugins.split_list(recipe.masks)
    if names and "holes" in {field.name for field in dataclasses.fields(config)}:
        changes["holes"] = tuple(names)
    return dataclasses.replace(config, **changes)


def _refuse_test_images(images: Mapping[str, np.ndarray], made: Path | None) -> None:
    """Raise RequestError when the test set is among the images, showing progress.

    made: an empty folder that was made for this request, removed again when it is refused.
    """
    with shown(quiet=False) as progress:
        on_progress = progress.stage("looking for test images")
        try:
            test_set.refuse(
                images, warn=lambda text: click.echo(text, err=True), on_progress=on_progress
            )
        except RequestError:
            if made is not None:
                made.rmdir()
            raise


def _may_mirror(dataset: Dataset) -> bool:
    """Return whether training may mirror a dataset's images left to right."""
    return not isinstance(dataset, StatesSymmetry) or dataset.symmetric


def _trainer(method: str) -> Trainer:
    """Return how a method is trained; raises RequestError for one that cannot be."""
    plugin_class, _ = plugins.find_class("method", method)
    if not issubclass(plugin_class, Trains):
        trainable = ", ".join(plugins.offering("method", Trains))
        raise RequestError(f"The method {method!r} cannot be trained. These can: {trainable}.")
    return plugin_class.trainer()
