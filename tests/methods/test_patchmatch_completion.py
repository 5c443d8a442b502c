"""PatchMatch as a whole: what it restores, that it repeats itself, and the holes that are odd."""

from __future__ import annotations

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch

from bench import plugins
from bench.api import RequestError
from methods.patchmatch import PatchMatch
from methods.patchmatch.complete import Settings, Step, complete
from methods.patchmatch.explain import draw, explain

SMALL = Settings()


def texture(side: int, seed: int, period: int = 16) -> np.ndarray:
    tile = np.random.default_rng(seed).integers(0, 256, (period, period, 3), dtype=np.uint8)
    return np.tile(tile, (side // period, side // period, 1))


def smooth_image(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(y / 7 + x / 13), np.cos(x / 5), np.sin((x + y) / 9)]
    return (127 + 100 * np.stack(waves, axis=-1)).astype(np.uint8)


def free_form(side: int, seed: int) -> np.ndarray:
    return plugins.mask("free-form")(side, side, seed)[0].numpy()


def box(side: int) -> np.ndarray:
    hole = np.zeros((side, side), bool)
    hole[side // 4 : -side // 4, side // 4 : -side // 4] = True
    return hole


def test_a_periodic_texture_is_restored_exactly() -> None:
    exact = 0
    for seed in range(10):
        image, hole = texture(128, seed), free_form(128, seed)
        visible = np.where(hole[:, :, None], np.uint8(0), image)
        exact += bool(np.array_equal(complete(visible, hole, seed, SMALL), image))
    assert exact >= 9


def test_the_cost_never_rises_and_every_source_is_legal() -> None:
    image, hole = smooth_image(96, 80), np.zeros((96, 80), bool)
    hole[20:70, 15:60] = True
    levels = set()

    def check(step: Step) -> None:
        levels.add(step.level)
        assert 0 <= step.after <= step.before
        touching = ~step.scene.known
        sources = step.field.source_y[touching], step.field.source_x[touching]
        assert step.scene.known[sources].all()

    complete(image, hole, 3, SMALL, observe=check)
    assert len(levels) > 1


SCRIPT = """
import hashlib, sys
import numpy as np
from methods.patchmatch.complete import Settings, complete
y, x = np.mgrid[:160, :150]
image = ((y * y + 3 * x * y) % 251).astype(np.uint8)[:, :, None].repeat(3, 2)
hole = np.zeros((160, 150), bool)
hole[30:130, 20:120] = True
out = complete(image, hole, 2**62 + 11, Settings(), threads=int(sys.argv[1]))
print(hashlib.sha256(out.tobytes()).hexdigest())
"""


def test_the_same_bytes_in_another_process_and_with_any_number_of_threads(
    capsys: pytest.CaptureFixture[str],
) -> None:
    there = subprocess.run(
        [sys.executable, "-c", SCRIPT, "2"], capture_output=True, text=True, check=True
    )
    here = []
    for threads in (1, 2, 3):
        argv, sys.argv = sys.argv, ["", str(threads)]
        try:
            exec(SCRIPT, {})
        finally:
            sys.argv = argv
        here.append(capsys.readouterr().out)
    assert [*here] == [there.stdout] * 3
    assert len(there.stdout.strip()) == len(hashlib.sha256().hexdigest())


def odd_holes() -> dict[str, np.ndarray]:
    def kept(height: int, width: int, *where: slice) -> np.ndarray:
        hole = np.ones((height, width), bool)
        hole[where] = False
        return hole

    frame = kept(40, 40, slice(10, 30), slice(10, 30))
    one = ~kept(40, 40, slice(7, 8), slice(9, 10))
    corner = ~kept(40, 40, slice(0, 1), slice(39, 40))
    return {
        "touching all borders": frame,
        "cross": ~kept(41, 33, slice(18, 22)) | ~kept(41, 33, slice(None), slice(15, 18)),
        "one pixel": one,
        "one pixel in a corner": corner,
        "one known pixel": ~one,
        "one known pixel in a corner": ~corner,
        "smaller than a patch": kept(3, 4, slice(0, 2), slice(0, 2)),
        "one row": kept(1, 30, slice(None), slice(0, 11)),
        "one column": kept(30, 1, slice(5, 16)),
        "expand": kept(64, 64, slice(24, 40), slice(24, 40)),
        "alternating lines": kept(48, 48, slice(1, None, 2)),
        "super-resolve": kept(48, 48, slice(1, None, 2), slice(1, None, 2)),
        "every fifth line": ~kept(48, 48, slice(None), slice(0, None, 5)),
        "one pixel in sixteen": kept(48, 48, slice(0, None, 4), slice(0, None, 4)),
    }


@pytest.mark.parametrize("name", odd_holes())
def test_odd_holes_are_filled_from_what_is_known(name: str) -> None:
    hole = odd_holes()[name]
    image = smooth_image(*hole.shape)
    before = image.copy()
    filled = complete(image, hole, 1, SMALL)
    assert np.array_equal(filled[~hole], image[~hole])
    assert np.array_equal(image, before)
    for channel in range(3):
        known = image[~hole][:, channel]
        assert known.min() <= filled[hole][:, channel].min()
        assert filled[hole][:, channel].max() <= known.max()


@pytest.mark.parametrize("name", ["alternating lines", "super-resolve", "every fifth line"])
def test_structured_holes_in_a_smooth_image_are_interpolated(name: str) -> None:
    hole = odd_holes()[name]
    image = smooth_image(*hole.shape)
    filled = complete(image, hole, 1, SMALL)
    assert np.abs(filled.astype(int) - image)[hole].mean() < 6


def test_no_known_pixel_is_an_error() -> None:
    with pytest.raises(ValueError, match="no known pixel"):
        complete(smooth_image(16, 16), np.ones((16, 16), bool), 0, SMALL)


def test_no_hole_gives_the_image_back() -> None:
    image = smooth_image(16, 17)
    assert np.array_equal(complete(image, np.zeros((16, 17), bool), 0, SMALL), image)


def test_rows_do_not_depend_on_the_batch_nor_on_what_is_hidden() -> None:
    inpaint = PatchMatch().load("cpu")
    noise = np.random.default_rng(1).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    images = torch.from_numpy(np.stack([smooth_image(48, 48), noise])).permute(0, 3, 1, 2)
    hole = torch.from_numpy(np.stack([box(48), free_form(48, 3)]))[:, None]
    shown = (images.float() / 255).masked_fill(hole, 0.0)
    together = inpaint(shown, hole, [5, 6])
    alone = inpaint(shown[1:], hole[1:], [6])
    peeking = inpaint(shown[1:].masked_fill(hole[1:], 0.7), hole[1:], [6])
    assert isinstance(together, torch.Tensor)
    assert torch.equal(together[1:], alone)
    assert torch.equal(alone, peeking)
    assert not torch.equal(alone, inpaint(shown[1:], hole[1:], [7]))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"patch": 1}, "patch=1 is not in 2..15"),
        ({"patch": 16}, "patch=16"),
        ({"levels": 0}, "levels=0"),
        ({"iterations": 0}, "iterations=0"),
        ({"locality": -1.0}, "locality=-1.0"),
    ],
)
def test_bad_parameters_are_refused(parameters: dict[str, float], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        plugins.method("patchmatch", **parameters)


def test_levels_limits_the_pyramid() -> None:
    seen: set[int] = set()
    hole = box(128)
    complete(
        smooth_image(128, 128), hole, 0, Settings(levels=1), observe=lambda s: seen.add(s.level)
    )
    assert seen == {0}


def test_the_explanation_shows_every_level(tmp_path) -> None:  # type: ignore[no-untyped-def]
    image = torch.from_numpy(smooth_image(96, 128)).permute(2, 0, 1).float() / 255
    hole = torch.zeros(1, 96, 128, dtype=torch.bool)
    hole[:, 30:70, 40:90] = True
    panels = explain(image, hole, 0)
    assert [title for title, _ in panels[:3]] == [
        "the image", "its hole", "key: where a patch comes from",
    ]  # fmt: skip
    assert panels[-1][0] == "completed"
    levels = panels[3:-1]
    assert len(levels) % 3 == 0
    assert len(levels) >= 6
    assert all(pixels.dtype == np.uint8 and pixels.shape[2] == 3 for _, pixels in panels)
    draw(image, hole, 0, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 1000
