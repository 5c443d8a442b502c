"""Structured holes and boxes, worked by hand: the phase of every line matters."""

from __future__ import annotations

import numpy as np
import pytest

from bench import plugins
from bench.api.seeds import derive_seed


def drawn(spec: str, size: int = 8, seed: int = 0) -> list[str]:
    hole = plugins.mask(spec)(size, size, seed)[0].numpy()
    return ["".join("#" if missing else "." for missing in row) for row in hole]


def test_half_keeps_the_left() -> None:
    assert drawn("half") == ["....####"] * 8


def test_expand_keeps_the_centred_quarter_side() -> None:
    assert drawn("expand") == ["########"] * 3 + ["###..###"] * 2 + ["########"] * 3
    hole = plugins.mask("expand")(256, 256, 0)[0].numpy()
    kept = np.zeros((256, 256), dtype=bool)
    kept[96:160, 96:160] = True
    assert np.array_equal(hole, ~kept)


def test_alternating_lines_start_with_a_hole() -> None:
    assert drawn("alternating-lines") == ["########", "........"] * 4


def test_super_resolve_keeps_odd_pixels_of_odd_rows() -> None:
    assert drawn("super-resolve") == ["########", "#.#.#.#."] * 4


def test_center_box_is_half_the_side() -> None:
    assert drawn("center-box") == ["........"] * 2 + ["..####.."] * 4 + ["........"] * 2
    assert plugins.mask("center-box")(256, 256, 0).float().mean() == 0.25


@pytest.mark.parametrize(
    ("spec", "ratio"),
    [("half", 0.5), ("expand", 0.9375), ("alternating-lines", 0.5), ("super-resolve", 0.75)],
)
def test_published_ratio(spec: str, ratio: float) -> None:
    assert plugins.mask(spec)(256, 256, 0).float().mean() == ratio


def by_facts(spec: str) -> dict[tuple[object, ...], int]:
    """Return a seed for every outcome that the facts name."""
    generator = plugins.mask(spec)
    found: dict[tuple[object, ...], int] = {}
    for index in range(300):
        seed = derive_seed("facts", index)
        facts = generator.facts(8, 8, seed)  # type: ignore[attr-defined]
        found.setdefault(tuple(v for v in facts.values() if not isinstance(v, float)), seed)
    return found


def test_every_n_lines() -> None:
    seeds = by_facts("every-n-lines")
    assert set(seeds) == {(n, axis) for n in (2, 3, 4, 5) for axis in ("rows", "columns")}
    assert drawn("every-n-lines", seed=seeds[3, "columns"]) == ["#..#..#."] * 8
    rows = ["########", "........", "........"]
    assert drawn("every-n-lines", seed=seeds[3, "rows"]) == (rows * 3)[:8]
    assert drawn("every-n-lines", seed=seeds[5, "columns"]) == ["#....#.."] * 8


def test_nearest_neighbor_keeps_the_first_pixel() -> None:
    seeds = by_facts("nearest-neighbor")
    assert set(seeds) == {(2,), (3,), (4,)}
    assert drawn("nearest-neighbor", seed=seeds[2,]) == [".#.#.#.#", "########"] * 4
    assert drawn("nearest-neighbor", seed=seeds[3,])[:4] == [
        ".##.##.#",
        "########",
        "########",
        ".##.##.#",
    ]


def test_completion_hides_one_side() -> None:
    seeds = by_facts("completion")
    assert set(seeds) == {("top",), ("bottom",), ("left",), ("right",)}
    for (side,), seed in seeds.items():
        facts = plugins.mask("completion").facts(100, 100, seed)  # type: ignore[attr-defined]
        expected = np.zeros((100, 100), dtype=bool)
        extent = round(100 * facts["ratio"])
        assert 20 <= extent <= 80
        expected[:extent] = True
        turns = {"top": 0, "left": 1, "bottom": 2, "right": 3}[str(side)]
        hole = plugins.mask("completion")(100, 100, seed)[0].numpy()
        assert np.array_equal(hole, np.rot90(expected, turns))
