"""Sheets of pictures: where every picture and text lands, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageFont

from bench.api.sheet import Captions, SheetCell, SheetRow, Text, draw_sheet, fit, lines_of, tile_row


def test_pictures_stand_in_columns_with_gaps_and_a_margin() -> None:
    red = np.full((2, 2, 3), (255, 0, 0), np.uint8)
    rows = [
        SheetRow(2, [SheetCell(red), SheetCell()]),
        SheetRow(3, [SheetCell(), SheetCell(red, top=1)]),
    ]
    sheet = np.asarray(draw_sheet(rows, [2, 4], gap=1, margin=3))
    assert sheet.shape == (3 + 2 + 1 + 3 + 3, 3 + 2 + 1 + 4 + 3, 3)
    expected = np.full(sheet.shape, 255, np.uint8)
    expected[3:5, 3:5] = expected[7:9, 6:8] = (255, 0, 0)
    np.testing.assert_array_equal(sheet, expected)


def test_a_grey_background_makes_a_grey_sheet_with_the_gap_as_margin() -> None:
    sheet = np.asarray(
        draw_sheet(
            [SheetRow(1, [SheetCell(np.zeros((1, 1), np.uint8))])], [1], gap=2, background=96
        )
    )
    expected = np.full((5, 5), 96)
    expected[2, 2] = 0
    np.testing.assert_array_equal(sheet, expected)


def test_a_text_begins_where_its_cell_says() -> None:
    text = Text("x", (5, 4), ImageFont.load_default(10), colour=(255, 0, 0))
    sheet = np.asarray(draw_sheet([SheetRow(20, [SheetCell(), SheetCell(texts=[text])])], [10, 30]))
    inked = np.argwhere((sheet != 255).any(axis=2))
    assert inked.size
    assert (inked.min(axis=0) >= (4, 15)).all()
    assert inked[:, 1].max() < 15 + 10


@pytest.mark.parametrize("below", [False, True])
def test_a_row_of_tiles_makes_room_for_captions_and_title(below: bool) -> None:
    tile = np.zeros((8, 8, 3), np.uint8)
    captions = Captions(height=16, at=(1, 2), below=below)
    plain = tile_row([("", tile)], 8, captions)
    assert (plain.height, plain.cells[0].top) == (8, 0)
    captioned = tile_row([("one", tile), ("", tile)], 8, captions, title="All")
    assert captioned.height == 28 + 16 + 8
    assert {cell.top for cell in captioned.cells} == {28 if below else 28 + 16}
    title, caption = captioned.cells[0].texts
    assert (title.text, title.at) == ("All", (0, 4))
    assert (caption.text, caption.at) == ("one", (1, 28 + 8 + 2) if below else (1, 28 + 2))


def test_fit_repeats_pixels_to_enlarge_and_averages_to_shrink() -> None:
    small = np.array([[0, 255]], np.uint8)
    np.testing.assert_array_equal(fit(small, 4), [[0, 0, 255, 255], [0, 0, 255, 255]])
    lines = np.tile(np.array([0, 200], np.uint8), (8, 4))
    np.testing.assert_array_equal(fit(lines, 4, average=True), np.full((4, 4), 100))


def test_lines_hold_as_many_items_as_there_are_columns() -> None:
    assert lines_of("abcde", 2) == ["ab", "cd", "e"]
    assert lines_of("", 2) == []
