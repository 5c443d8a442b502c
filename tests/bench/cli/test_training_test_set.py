"""`bench train` refuses the test set and near-duplicates of it unless told otherwise."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from bench import plugins
from bench.api import RequestError
from bench.api.imaging import to_uint8
from bench.cli import cli, test_set
from tests.conftest import write_images


def silent(*_: object) -> None:
    return None


def target(name: str, size: int) -> np.ndarray:
    image = plugins.dataset("free-photos", size=size).load(name)
    return to_uint8(image).permute(1, 2, 0).contiguous().numpy()


@pytest.mark.parametrize("size", [32, 64, 100])
def test_the_images_themselves_are_refused_at_any_size(size: int) -> None:
    with pytest.raises(RequestError, match=r"1 of 2 training .* second \(is goat\)\. Leave them"):
        test_set.refuse(
            {"first": np.zeros((size, size, 3), np.uint8), "second": target("goat", size)},
            warn=silent,
            on_progress=silent,
        )


def test_a_part_of_an_image_is_refused_on_the_command_line(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "images", 3)
    Image.fromarray(target("bison", 512)[40:400, 100:460]).resize((96, 96)).save(folder / "b.jpg")
    command = ["train", "ddpm", "--dataset", f"folder:{folder}", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(cli, command)
    assert isinstance(done.exception, RequestError)  # which main() turns into exit code 2
    assert "1 of 4 training images are in the test set free-photos" in str(done.exception)
    assert "b (is bison)" in str(done.exception)
    assert "--with-test-images" in str(done.exception)
    assert not (tmp_path / "out").exists()


def test_told_otherwise_nothing_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from bench.cli import training
    from methods.glcic import train as glcic

    monkeypatch.setattr(test_set, "refuse", None)
    monkeypatch.setattr(glcic, "train", lambda *_, **__: Path("weights"))
    recipe = training.ChosenRecipe("photos-64")
    made = training.train(
        "glcic",
        recipe,
        ["free-photos:size=64"],
        tmp_path / "out",
        held_out=0,
        with_test_images=True,
    )
    assert made == Path("weights")


def test_others_pass_and_only_larger_ones_need_opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "methods.common.lookout", None)
    warned: list[str] = []
    dataset = plugins.dataset("fashion-mnist")
    small = test_set.pixels_of(dataset, dataset.ids()[:5])
    test_set.refuse(small, warn=warned.append, on_progress=silent)
    assert not warned
    large = {"grey": np.full((64, 64, 3), 99, np.uint8)}
    test_set.refuse(large, warn=warned.append, on_progress=silent)
    (line,) = warned
    assert line.startswith("near-duplicates of the test set are not looked for")


def test_the_training_code_itself_needs_no_opencv() -> None:
    code = (
        "import sys, methods.ddpm.train, methods.glcic.train, bench.cli.training;"
        "print('cv2' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
