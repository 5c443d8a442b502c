"""`bench train`: names become configurations, images and holes; wrong ones are one line."""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
import pytest

from bench import plugins
from bench.api import RequestError, Trains
from bench.cli import training
from bench.cli.options import SizeShare
from bench.cli.training import ChosenRecipe
from bench.cli.training_images import image_source, training_images
from methods.common import processor
from tests.conftest import write_images

TINY = ("completion=2", "discrimination=1", "joint=1", "batch=2", "width=4")


def go(recipe: ChosenRecipe, method: str, folder: Path, out: Path, **options: object) -> Path:
    return training.train(method, recipe, [f"folder:{folder}"], out, held_out=1, **options)


def test_phases_skips_and_holes_of_a_recipe_can_be_set(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "images", 4)
    recipe = ChosenRecipe("fashion-mnist-32", (*TINY, "skips=false"), ("half",))
    weights = go(recipe, "glcic", folder, tmp_path / "out")
    from methods.glcic.checkpoint import read_facts

    facts = str(read_facts(weights))
    assert weights.name == "weights.safetensors"
    assert "'skips': False" in facts or '"skips": false' in facts


@pytest.mark.parametrize(
    ("method", "recipe", "message"),
    [
        ("ddpm", ChosenRecipe("smal"), "Unknown config 'smal'. Did you mean 'small'?"),
        ("ddpm", ChosenRecipe("small", ("scedule=linear",)), "Did you mean 'schedule'?"),
        ("glcic", ChosenRecipe("photos-64", ("joint=many",)), "joint='many' is not of type int"),
        ("glcic", ChosenRecipe("photos-64", (), ("halv",)), "Did you mean 'half'?"),
    ],
)
def test_a_wrong_recipe_is_one_line(
    method: str, recipe: ChosenRecipe, message: str, tmp_path: Path
) -> None:
    folder = write_images(tmp_path / "images", 2)
    with pytest.raises(RequestError) as raised:
        go(recipe, method, folder, tmp_path / "out")
    assert message in str(raised.value)


def test_nothing_left_to_train_on(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "images", 1)
    with pytest.raises(RequestError, match="1 images with the last 1 held out: none is left"):
        go(ChosenRecipe("small"), "ddpm", folder, tmp_path / "out")


def test_a_precision_that_torch_lacks_is_refused_before_an_image_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processor, "runs", lambda dtype, device="cpu", **_: False)
    for method in ("ddpm", "glcic"):
        with pytest.raises(RequestError, match="cannot compute in bfloat16 on cpu; give precis"):
            go(
                ChosenRecipe("small"),
                method,
                tmp_path / "no such",
                tmp_path / "out",
                precision="bf16",
            )


@pytest.mark.parametrize(("name", "mirrored"), [("fashion-mnist", False), ("photos", True)])
def test_only_images_without_sides_are_mirrored(name: str, mirrored: bool) -> None:
    assert training._may_mirror(plugins.dataset(name)) is mirrored


@pytest.mark.parametrize("method", plugins.offering("method", Trains))
def test_every_method_that_trains_has_a_default_recipe(method: str) -> None:
    trainer = training._trainer(method)
    assert training._configured(trainer, ChosenRecipe()) in trainer.recipes.values()


def test_larger_images_take_their_share_of_the_batches() -> None:
    images = {"small": np.zeros((32, 32, 3), np.uint8), "large": np.zeros((70, 80, 3), np.uint8)}
    source = image_source(images, 32, flip=False, larger={64: 0.5})
    shapes = {tuple(source.batch(seed, 8).shape) for seed in range(12)}
    assert shapes == {(8, 3, 32, 32), (2, 3, 64, 64)}
    for larger, message in (({128: 0.5}, "largest image's short side is 70"), ({64: 1.0}, "less")):
        with pytest.raises(RequestError, match=message):
            image_source(images, 32, flip=False, larger=larger)


def test_images_of_two_datasets_are_joined(tmp_path: Path) -> None:
    folders = [write_images(tmp_path / name, 3) for name in ("a", "b")]
    loaded = [plugins.dataset(f"folder:{folder}") for folder in folders]
    assert len(training_images(loaded, 1)) == 4


@pytest.mark.parametrize("text", ["128", "128=1", "100=.5", "8=.5", "many=.5"])
def test_a_size_without_a_share_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match=r"allowed: SIZE=SHARE, such as 128=\.25"):
        SizeShare().convert(text, None, None)
    assert SizeShare().convert("128=.25", None, None) == (128, 0.25)
