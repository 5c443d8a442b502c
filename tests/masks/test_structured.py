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
    counts: dict[tuple[object, ...], int] = {}
    for index in range(300):
        seed = derive_seed("facts", index)
        facts = generator.facts(8, 8, seed)  # type: ignore[attr-defined]
        counts.setdefault(tuple(v for v in facts.values() if not isinstance(v, float)), seed)
    return counts


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


def test_completion_hides_one_side_as_the_challenges_code_does() -> None:
    seeds = by_facts("completion")
    assert set(seeds) == {("top",), ("bottom",), ("left",), ("right",)}
    truncated = 0
    for index in range(200):
        seed = derive_seed("completion", index)
        facts = plugins.mask("completion").facts(100, 60, seed)  # type: ignore[attr-defined]
        side, missing = str(facts["side"]), float(facts["ratio"])
        assert 0.2 <= missing <= 0.8
        length = 60 if side in ("left", "right") else 100
        # int() of the ratio drawn, which is that of the kept lines when the hole is the rest.
        drawn = 1 - missing if side in ("bottom", "right") else missing
        lines = int(length * drawn)
        truncated += lines != round(length * drawn)
        expected = np.zeros((100, 60), dtype=bool)
        (expected.T if side in ("left", "right") else expected)[:lines] = True
        hole = plugins.mask("completion")(100, 60, seed)[0].numpy()
        assert np.array_equal(hole, ~expected if side in ("bottom", "right") else expected)
    assert 70 < truncated < 130  # half of the holes are a line off when rounded


def test_ntires_expand_keeps_a_square_of_one_of_three_sizes() -> None:
    seeds = by_facts("ntire-expand")
    assert set(seeds) == {(2,), (3,), (4,)}
    kept = {part: ~plugins.mask("ntire-expand")(101, 160, seed)[0].numpy()
            for (part,), seed in seeds.items()}  # fmt: skip
    for part, side in {2: 50, 3: 32, 4: 24}.items():  # 101 // part, made even
        rows, columns = np.nonzero(kept[part])  # type: ignore[index]
        assert len(rows) == side**2
        assert (rows.min(), columns.min()) == (50 - side // 2, 80 - side // 2)
        assert (rows.max(), columns.max()) == (49 + side // 2, 79 + side // 2)
    counts = [plugins.mask("ntire-expand").facts(8, 8, derive_seed("n", k))["part"]  # type: ignore[attr-defined]
              for k in range(2000)]  # fmt: skip
    assert min(counts.count(part) for part in (2, 3, 4)) > 2000 / 3 - 4 * (2000 * 2 / 9) ** 0.5
