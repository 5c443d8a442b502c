"""`bench fill` and bench.fill: the hole filled, all else kept, at any size, by any method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from PIL import Image

import bench
from bench import plugins
from bench.api import RequestError
from bench.api.checks import check
from bench.filling.completion import Filler, shrunk
from bench.filling.photograph import read
from tests.conftest import Bench

SEEN: list[tuple[int, ...]] = []
MEAN = f"{__name__}:MeanOfSquares"


@dataclass(frozen=True)
class MeanOfSquares:
    """Fills with the mean of what it sees; trained at 16."""

    name: ClassVar[str] = "mean-of-squares"
    version: ClassVar[str] = "1"
    multiple_of: ClassVar[int] = 1
    single_threaded: ClassVar[bool] = True

    def trained_at(self) -> int:
        return 16

    def load(self, device: str) -> object:
        def inpaint(
            visible: torch.Tensor, hole: torch.Tensor, seeds: Sequence[int]
        ) -> torch.Tensor:
            SEEN.append(tuple(visible.shape))
            total = (visible * ~hole).sum((2, 3), keepdim=True)
            known = total / (~hole).sum((2, 3), keepdim=True)
            return torch.where(hole, known, visible)

        return inpaint


def textured(height: int, width: int, channels: int = 3) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [128 + 90 * np.sin(y / (5 + c)) * np.cos(x / (7 - c)) for c in range(channels)]
    return np.stack(waves, axis=2).round().astype(np.uint8)


def boxes(height: int, width: int) -> np.ndarray:
    hole = np.zeros((height, width), dtype=bool)
    hole[height // 8 : height // 3, width // 8 : width // 3] = True
    hole[-12:-6, -14:-5] = True
    return hole


def filler(spec: str) -> Filler:
    method = plugins.method(spec)
    return Filler(method, method.load("cpu"))


@pytest.mark.parametrize("spec", ["telea", "patchmatch", MEAN])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", ["uint8", "uint16", "float32"])
def test_only_the_hole_changes(spec: str, channels: int, kind: str) -> None:
    pixels = textured(64, 96, channels)
    if kind == "uint16":
        pixels = pixels.astype(np.uint16) * 257 + 3
    elif kind == "float32":
        pixels = pixels.astype(np.float32) / np.float32(255.5)
    hole = boxes(64, 96)
    made = filler(spec)(pixels, hole, 0)
    assert (made.dtype, made.shape) == (pixels.dtype, pixels.shape)
    assert np.array_equal(made[~hole], pixels[~hole])
    assert (made[hole] != pixels[hole]).mean() > 0.5


def line(height: int, width: int) -> np.ndarray:
    """Return a hole that is cut into several windows, each beside what the next one fills."""
    hole = np.zeros((height, width), dtype=bool)
    hole[30:34, 4:-4] = True
    return hole


@pytest.mark.parametrize("spec", ["telea", "patchmatch", MEAN, "glcic"])
@pytest.mark.parametrize("hole", [boxes(64, 96), line(64, 160)], ids=["boxes", "line"])
def test_what_is_in_the_hole_does_not_matter(spec: str, hole: np.ndarray) -> None:
    pixels, other = textured(*hole.shape), textured(*hole.shape)
    other[hole] = 255 - other[hole]
    assert np.array_equal(filler(spec)(pixels, hole, 0)[hole], filler(spec)(other, hole, 0)[hole])


def test_a_network_sees_squares_of_its_side_however_large_the_photograph() -> None:
    SEEN.clear()
    filler(MEAN)(textured(500, 700), boxes(500, 700), 0)
    assert set(SEEN) == {(1, 3, 16, 16)}
    assert len(SEEN) == 2


def test_steps_and_windows_are_told() -> None:
    told: list[tuple[int, int]] = []
    filler(MEAN)(textured(64, 96), boxes(64, 96), 0, lambda done, total: told.append((done, total)))
    assert told == [(1, 2), (2, 2)]
    told.clear()
    steps = "ddpm:steps=2,jump_samples=1,weights=fashion-mnist-32"
    filler(steps)(
        textured(64, 96), boxes(64, 96), 0, lambda done, total: told.append((done, total))
    )
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_shrinking_takes_the_mean_of_known_pixels_alone() -> None:
    known = np.ones((8, 8, 1), dtype=np.float32)
    missing = np.zeros((8, 8), dtype=bool)
    missing[0, 0] = True
    known[0, 0] = 9
    small, hole = shrunk(known, missing, 0.5)
    assert np.allclose(small, 1)
    assert np.array_equal(np.argwhere(hole), [[0, 0]])


def across(pixels: np.ndarray, hole: np.ndarray) -> float:
    """Return the mean step between neighbours of which one is in the hole."""
    levels, total, count = pixels.astype(float), 0.0, 0
    for axis in (0, 1):
        edge = np.diff(hole.astype(int), axis=axis) != 0
        steps = np.abs(np.diff(levels, axis=axis))[edge]
        total, count = total + steps.sum(), count + steps.size
    return total / count


@pytest.mark.parametrize("spec", ["glcic", "ddpm:steps=10,jump_samples=2", MEAN])
def test_the_seam_is_no_steeper_than_the_photograph(spec: str) -> None:
    astronaut = plugins.dataset("photos", size=256).load("astronaut-0")
    pixels = (255 * astronaut).round().byte().permute(1, 2, 0).contiguous().numpy()
    hole = np.zeros((256, 256), dtype=bool)
    hole[40:120, 60:150] = True
    hole[170:215, 30:70] = True
    assert across(filler(spec)(pixels, hole, 0), hole) <= 1.2 * across(pixels, hole)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    Image.fromarray(textured(64, 96)).save(tmp_path / "photo.png")
    Image.fromarray((boxes(64, 96) * 255).astype(np.uint8)).save(tmp_path / "hole.png")
    return tmp_path / "photo.png"


def test_one_method_gives_one_file(here: Bench, photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    done = here("fill", photo, tmp_path / "hole.png", "--method", "telea", "--out", out)
    assert (done.returncode, done.stdout) == (0, f"{out}\n")
    hole = boxes(64, 96)
    assert np.array_equal(read(out).pixels[~hole], read(photo).pixels[~hole])
    assert not np.array_equal(read(out).pixels, read(photo).pixels)


def test_several_methods_give_a_file_each_and_a_picture_of_all(
    here: Bench, photo: Path, tmp_path: Path
) -> None:
    methods = f"telea,patchmatch:patch=7,{MEAN}"
    done = here("fill", photo, tmp_path / "hole.png", "--method", methods, "--out", tmp_path / "o")
    assert done.returncode == 0
    names = ["photo-telea.png", "photo-patchmatch-patch=7.png", "photo-mean-of-squares.png"]
    assert done.stdout.split() == [
        str(tmp_path / "o" / n) for n in [*names, "photo-comparison.png"]
    ]
    picture = Image.open(tmp_path / "o" / "photo-comparison.png")
    assert picture.width > 4 * 300
    assert len(picture.getcolors(10**7)) > 1000  # type: ignore[arg-type]


def test_samples_differ_and_a_method_without_chance_gives_one(
    here: Bench, photo: Path, tmp_path: Path
) -> None:
    ddpm = "ddpm:steps=2,jump_samples=1,weights=fashion-mnist-32"
    hole, out = tmp_path / "hole.png", tmp_path / "o"
    done = here("fill", photo, hole, "--method", ddpm, "--samples", "2", "--out", out)
    first, second, _ = (Path(line) for line in done.stdout.split())
    assert first.read_bytes() != second.read_bytes()
    done = here("fill", photo, hole, "--method", "telea", "--samples", "3", "--out", out)
    assert done.stdout.split() == [str(out / "photo-telea-1.png")]


def test_transparent_pixels_are_filled_and_become_opaque(here: Bench, tmp_path: Path) -> None:
    pixels = np.concatenate([textured(40, 40), np.full((40, 40, 1), 200, np.uint8)], axis=2)
    pixels[10:20, 10:20, 3] = 0
    Image.fromarray(pixels).save(tmp_path / "clear.png")
    here("fill", tmp_path / "clear.png", "--method", "telea", "--out", tmp_path / "o")
    made = read(tmp_path / "o" / "clear-telea.png").pixels
    assert (made[10:20, 10:20, 3] == 255).all()
    known = pixels[..., 3] == 200
    assert np.array_equal(made[known], pixels[known])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["photo.png"], "Missing option '--method'"),
        (["photo.png", "--method", "telea"], "No hole is given and photo.png has no alpha channel"),
        (["photo.png", "empty.png", "--method", "telea"], "is empty; mark what is missing"),
        (["photo.png", "hole.png", "--method", "telea", "--out", "photo.png"], "or --overwrite"),
        (
            ["photo.png", "hole.png", "--method", "telea", "--out", "x.jpg"],
            "the photograph's format",
        ),
        (
            ["photo.png", "hole.png", "--method", "telea,biharmonic", "--out", "x.png"],
            "give a folder",
        ),
        (["photo.png", "hole.png", "--method", "tela"], "Did you mean 'telea'"),
        (["no.png", "hole.png", "--method", "telea"], "no.png cannot be read"),
        (["photo.png", "hole.png", "--method", "telea", "--device", "gpu"], "device='gpu'"),
    ],
)
def test_what_cannot_be_filled_is_refused_and_nothing_is_lost(
    here: Bench,
    photo: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (96, 64)).save("empty.png")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = here("fill", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1 or "Missing option" in message
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_photograph_is_replaced_when_that_is_asked_for(
    here: Bench, photo: Path, tmp_path: Path
) -> None:
    before = photo.read_bytes()
    words = [photo, tmp_path / "hole.png", "--method", "telea", "--out", photo, "--overwrite"]
    assert here("fill", *words).returncode == 0
    assert photo.read_bytes() != before


def test_from_python_the_type_that_is_given_comes_back() -> None:
    pixels, hole = textured(64, 96), boxes(64, 96)
    array = bench.fill(pixels, hole, "telea")
    picture = bench.fill(Image.fromarray(pixels), Image.fromarray(hole), method="telea")
    tensor = bench.fill(
        torch.from_numpy(pixels).permute(2, 0, 1) / 255, torch.from_numpy(hole)[None], "telea"
    )
    assert isinstance(picture, Image.Image)
    assert np.array_equal(np.asarray(picture), array)
    assert tensor.shape == (3, 64, 96)
    assert torch.equal((255 * tensor).round().byte().permute(1, 2, 0), torch.from_numpy(array))
    grey = bench.fill(pixels[..., 0], "center-box", "telea")
    assert grey.shape == (64, 96)


@pytest.mark.parametrize(
    ("image", "hole", "message"),
    [
        (np.zeros((8, 8, 3)) - 1, np.eye(8) > 0, "floats from -1 to -1; allowed: 0 to 1"),
        (np.zeros((8, 8, 7), np.uint8), np.eye(8) > 0, r"uint8 \(8, 8, 7\); allowed"),
        (np.zeros((8, 8, 3), np.uint8), np.eye(9) > 0, r"hole is \(9, 9\) and the image \(8, 8\)"),
        (np.zeros((8, 8, 3), np.uint8), np.eye(8) > 2, "is empty"),
        (np.zeros((8, 8, 3), np.uint8), np.eye(8) < 2, "is the whole image"),
        (Image.new("CMYK", (8, 8)), np.eye(8) > 0, "image is CMYK; allowed"),
        ("photo.png", np.eye(8) > 0, "image is str; allowed"),
    ],
)
def test_from_python_bad_input_is_refused(image: object, hole: object, message: str) -> None:
    with pytest.raises(RequestError, match=message):
        bench.fill(image, hole, "telea")


def test_the_method_of_these_tests_keeps_the_contract() -> None:
    check(MeanOfSquares())
