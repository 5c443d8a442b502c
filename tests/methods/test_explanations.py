"""The pictures of `bench explain`: every shipped method has one, and it shows what happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bench import plugins
from bench.api import Explains
from bench.api.imaging import composite, hide, read_rgb, to_uint8
from bench.api.sheet import HOLE_COLOUR
from methods import METHODS
from methods.classical import explain as classical
from methods.glcic import GLCIC
from methods.patchmatch import explain as patchmatch

# Other people's programs and files: what they do inside is theirs.
LEARNED = {"scenecompletion", "ddpm", "glcic"}
FOREIGN = (
    *(f"methods.{room}" for room in ("command", "exported", "pipelines", "third_party")),
    "bench.filling",
)


def picture(side: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a photograph and a hole in its middle."""
    image = plugins.dataset("photos", size=side).load("astronaut-0")
    hole = torch.zeros(1, side, side, dtype=torch.bool)
    hole[:, side // 4 : -side // 4, side // 4 : -side // 4] = True
    return image, hole


def test_every_method_of_ours_explains_itself() -> None:
    ours = {name for name, place in METHODS.items() if not place.startswith(FOREIGN)}
    assert ours == {"telea", "navier-stokes", "biharmonic", "patchmatch", *LEARNED}
    assert ours <= set(plugins.offering("method", Explains))


@pytest.mark.parametrize("name", ["telea", "navier-stokes", "biharmonic", "glcic"])
def test_a_picture_is_drawn(name: str, tmp_path: Path) -> None:
    image, hole = picture(32)
    plugins.method(name).explain(image, hole, 0, tmp_path / "out.png")  # type: ignore[attr-defined]
    pixels = read_rgb(tmp_path / "out.png")
    assert min(pixels.shape[:2]) > 400
    assert pixels.std() > 20


def test_the_front_leaves_behind_what_the_method_gives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    image, hole = picture()
    shown: list[tuple[str, np.ndarray]] = []
    monkeypatch.setattr(classical, "_write", lambda panels, out: shown.extend(panels))
    inpaint = plugins.method("telea").load("cpu")
    classical.draw_front(image, hole, inpaint, tmp_path / "out.png")
    made = inpaint(hide(image[None], hole[None]), hole[None], [0])
    whole = to_uint8(composite(image[None], made, hole[None]))[0].permute(1, 2, 0).numpy()
    assert np.array_equal(shown[-1][1], whole)
    when = classical.arrival(hole[0].numpy())
    assert when[16, 32] == 1
    assert when[31, 31] == 16
    for (_, partial), share in zip(shown[2:5], classical.SHARES, strict=True):
        behind = when <= share * when.max()
        assert np.array_equal(partial[behind], whole[behind])
        assert (partial[~behind] == HOLE_COLOUR).all()


def test_the_biharmonic_of_a_biharmonic_fill_is_small_in_the_hole() -> None:
    image, hole = picture()
    made = plugins.method("biharmonic").load("cpu")(hide(image[None], hole[None]), hole[None], [0])
    filled = to_uint8(composite(image[None], made, hole[None]))[0].permute(1, 2, 0).numpy()
    inner = np.zeros((64, 64), bool)
    inner[20:44, 20:44] = True
    original = to_uint8(image).permute(1, 2, 0).numpy()
    at_most = classical.biharmonic(original)[inner].mean() / 4
    assert classical.biharmonic(filled)[inner].mean() < at_most


def test_what_glcic_shows_is_what_it_gives() -> None:
    image, hole = picture()
    completer = GLCIC(blend="none").load("cpu")
    visible = hide(image[None], hole[None])
    raw, mean, blend = completer.network_output(visible, hole[None])  # type: ignore[attr-defined]
    made = completer(visible, hole[None], [0]).image  # type: ignore[union-attr]
    assert torch.equal(torch.where(hole, raw, image), torch.where(hole, made, image))
    assert len(mean) == 3
    assert blend == "none"


def test_the_key_has_the_colours_of_a_field() -> None:
    key = patchmatch.key(65)
    middle = 32
    right, below = key[middle, 60].astype(int), key[60, middle].astype(int)
    assert (key[middle, middle] == 0).all()
    assert (key[0, 0] == 255).all()
    assert right.argmax() == 0  # hue 0 is red: from the right
    assert abs(right - below).max() > 100
