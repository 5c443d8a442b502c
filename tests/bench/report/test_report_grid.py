from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFont

import bench
from bench.api import RequestError
from bench.api.sheet import HOLE_COLOUR
from bench.report import grid, grid_lines
from bench.report.grid_lines import GridStyle
from bench.report.lettering import load_font, wrap
from bench.store.scored_run import load_runs


def _pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def _draw(paths, tmp_path, **style):
    path = grid.draw_grid(load_runs(paths), style=GridStyle(**style), out=tmp_path / "drawn.png")
    return _pixels(path)


def test_a_row_per_image_and_a_column_per_method(make_run, tmp_path):
    make_run("telea")
    run = make_run("biharmonic", shift=0.1)
    one = grid.draw_grid(load_runs([run.parent]), count=1, out=tmp_path / "deep" / "one.png")
    three = grid.draw_grid(load_runs([run.parent]), count=3, out=tmp_path / "three.png")
    assert _pixels(three).shape[1] == _pixels(one).shape[1]
    added = _pixels(three).shape[0] - _pixels(one).shape[0]
    assert added == 2 * (128 + grid.line_height(load_font(12)) + 2 + grid.GAP)
    single = grid.draw_grid(load_runs([run]), count=1, out=tmp_path / "single.png")
    assert _pixels(one).shape[1] - _pixels(single).shape[1] == 128 + grid.GAP


def test_the_columns_are_target_hole_and_output(make_run, tmp_path):
    run = make_run("telea", shift=0.1)
    picture = _draw([run], tmp_path, count=1, metric="none")
    left, bottom = grid.MARGIN + grid.SIDE_COLUMN, picture.shape[0] - grid.MARGIN
    cells = [
        picture[bottom - 128 : bottom, x : x + 128]
        for x in (left + k * (128 + grid.GAP) for k in range(3))
    ]
    for kind, cell in zip(("target", "output"), (cells[0], cells[2]), strict=True):
        stored = _pixels(run / "images" / kind / "scene0-0.png")
        np.testing.assert_array_equal(cell[::4, ::4][:7], stored[:7])
        np.testing.assert_array_equal(cell[64, 64], stored[16, 16])
    assert tuple(cells[1][64, 64]) == HOLE_COLOUR
    lined = [cell[31, 40] for cell in cells]
    assert (lined[0] == lined[1]).all()
    assert (lined[1] != lined[2]).any()
    everywhere = _draw([run], tmp_path, count=1, metric="none", outline="all")
    assert (everywhere[bottom - 128 + 31, left + 2 * (128 + grid.GAP) + 40] == lined[0]).all()
    nowhere = _draw([run], tmp_path, count=1, metric="none", outline="none")
    assert (nowhere[bottom - 128 + 31, left + 40] != lined[0]).any()


def test_an_outline_hides_no_filled_pixel_and_no_striped_picture():
    hole = np.zeros((16, 16), bool)
    hole[4:12, 4:12] = True
    ring = grid_lines.outline(hole)
    assert ring.sum() == 32
    assert not (ring & hole).any()
    stripes = np.zeros((16, 16), bool)
    stripes[::2] = True
    assert not grid_lines.outline(stripes).any()


def test_rows_show_as_many_photographs_as_there_are(make_run):
    (run,) = load_runs([make_run("telea")])
    assert grid_lines.spread([run], 3) == ["scene0-0", "scene1-0", "scene2-0"]
    assert grid_lines.spread([run], 8)[-2:] == ["scene0-1", "scene1-1"]
    assert len(grid_lines.spread([run], 99)) == 12
    assert grid_lines.spread([run], 2, start=5) == ["scene5-0", "scene0-1"]


def test_a_mask_that_a_method_was_not_run_on_says_so(make_run, tmp_path):
    make_run("telea")
    make_run("biharmonic")
    run = make_run("telea", "irregular")
    picture = _pixels(grid.draw_grid(load_runs([run.parent]), count=1, out=tmp_path / "g.png"))
    corner = picture[-grid.MARGIN - 128 : -grid.MARGIN, grid.MARGIN + grid.SIDE_COLUMN + 264 :][
        :, :128
    ]
    assert (corner == 255).mean() > 0.9
    assert (corner < 200).any()


def test_large_images_are_shrunk(make_run, tmp_path):
    run = make_run("telea", side=300, n=2)
    picture = _pixels(grid.draw_grid(load_runs([run]), count=1, out=tmp_path / "g.png"))
    assert picture.shape[1] == 2 * grid.MARGIN + grid.SIDE_COLUMN + 3 * 256 + 2 * grid.GAP


def test_what_cannot_be_drawn_is_a_request_error(make_run, tmp_path):
    make_run("telea", n=4, drop=3)
    run = make_run("biharmonic", n=4)
    text = (run / "scores.csv").read_text().splitlines()
    (run / "scores.csv").write_text("\n".join([text[0], *text[2:]]) + "\n")
    with pytest.raises(RequestError, match="No image is in all of these runs"):
        grid.draw_grid(load_runs([run.parent]), out=tmp_path / "g.png")
    with pytest.raises(RequestError, match="at least 1"):
        grid.draw_grid(load_runs([run]), count=0, out=tmp_path / "g.png")


def test_long_names_are_broken_and_cut(monkeypatch):
    font = load_font(14)
    assert isinstance(font, ImageFont.FreeTypeFont)
    lines = wrap("ddpm:steps=50,jump_samples=5 " + "x" * 200, font, 120, 3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert all(font.getlength(line) <= 120 for line in lines)
    assert wrap("", font, 120, 3) == [""]
    assert wrap("a\nb", font, 120, 3) == ["a b"]


def test_by_default_a_grid_has_about_eight_rows(make_run, tmp_path):
    for mask in ("center-box", "irregular", "half"):
        run = make_run("telea", mask)
    picture = _pixels(grid.draw_grid(load_runs([run.parent]), out=tmp_path / "g.png"))
    strip = grid.line_height(load_font(12)) + 2
    assert 9 * (128 + strip) < picture.shape[0] < 10 * (128 + strip)


def test_images_methods_order_and_size_are_chosen(make_run, tmp_path):
    make_run("telea", shift=0.1)
    make_run("biharmonic")
    runs = load_runs([make_run("navier-stokes", shift=0.05).parent])
    style = GridStyle(
        images=("scene3-1", "scene0-0"), methods=("biharmonic", "telea"), metric="none", size=64
    )
    lines = grid_lines.lines_of(runs, 1, 0, style)
    assert [line.image for line in lines] == ["scene3-1", "scene0-0"]
    assert list(lines[0].pictures) == ["target", "hole", "biharmonic", "telea"]
    assert lines[0].pictures["telea"].shape == (64, 64, 3)
    with pytest.raises(RequestError, match=r"No image 'scene9-0' in all of these runs. Did you"):
        grid_lines.lines_of(runs, 1, 0, GridStyle(images=("scene9-0",)))
    with pytest.raises(RequestError, match=r"No run of 'telia'. Did you mean 'telea'\?"):
        grid_lines.chosen_methods(runs, ("telia",))
    make_run("telea", "half")
    both = load_runs([make_run("telea", "half", seed=1).parent])
    picture = grid.draw_grid(both, style=GridStyle(methods=("biharmonic",)), out=tmp_path / "g.png")
    assert picture.is_file()  # half has no such run, and no rows


def test_a_jpeg_by_its_suffix(make_run, tmp_path):
    runs = load_runs([make_run("telea")])
    path = grid.draw_grid(runs, count=1, out=tmp_path / "g.jpg")
    with Image.open(path) as picture:
        assert picture.format == "JPEG"


def test_each_cell_has_its_score(make_run):
    runs = load_runs([make_run("telea")])
    score = runs[0].scores["lpips"]["scene0-0"]
    (line,) = grid_lines.lines_of(runs, 1, 0, GridStyle())
    assert line.scores == {"telea": f"lpips {score:.3g}"}
    (line,) = grid_lines.lines_of(runs, 1, 0, GridStyle(metric="psnr"))
    assert line.scores["telea"].startswith("psnr ")
    with pytest.raises(RequestError, match=r"No run has the metric 'fid'. There are: lpips, psnr"):
        grid_lines.lines_of(runs, 1, 0, GridStyle(metric="fid"))


def test_a_run_of_samples_stands_beside_one_without(images, tmp_path):
    options = {"limit": 2, "metrics": "l1", "out": tmp_path / "runs"}
    one = bench.run("patchmatch", "half", f"folder:{images}", **options)
    two = bench.run("patchmatch:patch=7", "half", f"folder:{images}", samples=2, **options)
    (line,) = grid_lines.lines_of(load_runs([*one, *two]), 1, 0, GridStyle())
    assert list(line.pictures)[2:] == [
        "patchmatch", "patchmatch:patch=7, sample 1", "patchmatch:patch=7, sample 2"
    ]  # fmt: skip
    assert "<!doctype" in bench.leaderboard(one, two, format="html")


def test_samples_are_columns(images, tmp_path):
    options = {"limit": 1, "samples": 3, "metrics": "l1", "out": tmp_path / "runs"}
    made = bench.run("patchmatch", "half", f"folder:{images}", **options)
    (line,) = grid_lines.lines_of(load_runs(made), 1, 0, GridStyle(samples=2))
    named = ["target", "hole", "patchmatch, sample 1", "patchmatch, sample 2"]
    assert list(line.pictures) == named
    assert set(line.scores) == set(named[2:])
    assert line.image == "000"
