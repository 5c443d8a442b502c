"""The method: its own photograph is never used, notes, ranks, odd holes, bad requests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench import plugins
from bench.api import Completion, RequestError
from bench.api.imaging import hide, to_uint8
from bench.api.seeds import derive_seed, numpy_stream
from bench.datasets.photos import SOURCES, _path
from methods.scenecompletion import DEFAULT_GALLERY, SceneCompletion
from methods.scenecompletion.build import build
from methods.scenecompletion.complete import Completer, Result
from methods.scenecompletion.explain import draw
from methods.scenecompletion.gallery import open_gallery

QUICKSTART = ("center-box", "random-box", "irregular", "free-form", "hybrid")


def run(
    method: SceneCompletion, image: torch.Tensor, hole: torch.Tensor
) -> tuple[torch.Tensor, dict[str, object]]:
    """Complete one (3, H, W) image; return it and its notes."""
    done = method.load("cpu")(hide(image, hole)[None], hole[None], [0])
    assert isinstance(done, Completion)
    return done.image[0], dict(done.notes[0])


def box(height: int, width: int) -> torch.Tensor:
    hole = torch.zeros(1, height, width, dtype=torch.bool)
    hole[:, height // 4 : height * 3 // 4, width // 4 : width * 3 // 4] = True
    return hole


def photo(image_id: str, size: int = 64) -> torch.Tensor:
    return plugins.dataset("photos", size=size).load(image_id)


def assert_own_source_unused(completer: Completer, image_id: str, mask: str) -> None:
    dataset = plugins.dataset("photos")
    hole = plugins.mask(mask)(64, 64, derive_seed("mask", mask, image_id))
    visible = hide(dataset.load(image_id), hole).permute(1, 2, 0).contiguous().numpy()
    result = completer.complete(visible, hole[0].numpy())
    own = dataset.source(image_id)
    used = {p.scene.photograph.source for part in result.parts for p in part.finalists}
    assert own not in used, (image_id, mask)
    assert own in result.excluded, (image_id, mask)
    _assert_known_kept(result, visible, hole[0].numpy())
    assert all(part.seam.cost <= part.seam.straight for part in result.parts)


def _assert_known_kept(result: Result, visible: np.ndarray, hole: np.ndarray) -> None:
    assert np.array_equal(result.image[~hole], visible[~hole])


def test_no_photo_is_completed_from_its_own_photograph() -> None:
    completer = Completer(open_gallery(DEFAULT_GALLERY))
    for k, image_id in enumerate(plugins.dataset("photos").ids()):
        assert_own_source_unused(completer, image_id, QUICKSTART[k % len(QUICKSTART)])


@pytest.mark.slow
def test_no_photo_is_completed_from_its_own_photograph_under_any_quickstart_mask() -> None:
    completer = Completer(open_gallery(DEFAULT_GALLERY))
    for image_id in plugins.dataset("photos").ids():
        for mask in QUICKSTART:
            assert_own_source_unused(completer, image_id, mask)


def test_without_the_rule_the_answer_is_pasted() -> None:
    image, hole = photo("rocket-0"), box(64, 64)
    _, notes = run(SceneCompletion(exclude_copies=False), image, hole)
    assert notes["parts"][0]["source"] == "rocket"  # type: ignore[index]


def test_notes_say_what_was_done() -> None:
    _, notes = run(SceneCompletion(), photo("coffee-3"), box(64, 64))
    assert notes["gallery_size"] == 12
    assert notes["excluded_sources"] == ["coffee"]
    assert notes["upscaled"] is False
    (part,) = notes["parts"]  # type: ignore[misc]
    assert set(part) >= {"scene", "scale", "top", "left", "costs", "seam_cost", "straight_cost"}
    assert list(SceneCompletion().assets()) == ["gallery of 246 scenes"]


def test_rank_gives_another_completion() -> None:
    image, hole = photo("china-1"), box(64, 64)
    first, _ = run(SceneCompletion(), image, hole)
    again, _ = run(SceneCompletion(), image, hole)
    third, _ = run(SceneCompletion(rank=3), image, hole)
    assert torch.equal(first, again)
    assert not torch.equal(first, third)


@pytest.mark.parametrize("mask", ["expand", "alternating-lines", "super-resolve"])
def test_structured_holes_are_completed(mask: str) -> None:
    image = photo("flower-0")
    hole = plugins.mask(mask)(64, 64, 1)
    done, _ = run(SceneCompletion(), image, hole)
    assert torch.isfinite(done).all()
    assert torch.equal(done.masked_fill(hole, 0), hide(image, hole))


@pytest.mark.parametrize(("height", "width"), [(1, 9), (2, 2), (7, 5), (33, 90)])
def test_odd_sizes_and_a_hole_of_one_pixel(height: int, width: int) -> None:
    image = torch.from_numpy(numpy_stream(1).random((3, height, width), dtype=np.float32))
    hole = torch.zeros(1, height, width, dtype=torch.bool)
    hole[0, height // 2, width - 1] = True
    done, _ = run(SceneCompletion(), image, hole)
    assert torch.isfinite(done).all()
    assert torch.equal(done.masked_fill(hole, 0), hide(image, hole))


def tiny_gallery(folder: Path, count: int, side: int) -> Path:
    stream = numpy_stream(5)
    images = [stream.integers(0, 256, (side, side, 3), dtype=np.uint8) for _ in range(count)]
    build(((f"t{k}", f"t{k}", image) for k, image in enumerate(images)), folder)
    return folder


def test_a_gallery_of_images_as_small_as_the_query(tmp_path: Path) -> None:
    method = SceneCompletion(gallery=tiny_gallery(tmp_path, 20, 32))
    image = torch.from_numpy(numpy_stream(6).random((3, 32, 32), dtype=np.float32))
    done, notes = run(method, image, box(32, 32))
    assert notes["upscaled"] is False
    assert notes["gallery_size"] == 20
    assert torch.isfinite(done).all()


def test_a_hole_larger_than_every_scene_is_met_by_upscaling(tmp_path: Path) -> None:
    method = SceneCompletion(gallery=tiny_gallery(tmp_path, 5, 16))
    done, notes = run(method, photo("hopper-0"), box(64, 64))
    assert notes["upscaled"] is True
    assert notes["parts"][0]["upscaled"] > 2  # type: ignore[index]
    assert torch.isfinite(done).all()


def test_a_gallery_of_the_query_alone_is_refused_in_one_line(tmp_path: Path) -> None:
    image = photo("astronaut-0")
    pixels = (image * 255).round().to(torch.uint8).permute(1, 2, 0).numpy()
    build([("a", "a", pixels)], tmp_path)
    with pytest.raises(RequestError, match="no scene but the query's own source"):
        run(SceneCompletion(gallery=tmp_path), image, box(64, 64))
    done, _ = run(SceneCompletion(gallery=tmp_path, exclude_copies=False), image, box(64, 64))
    assert (done - image).abs().max() < 0.02  # the photograph completes itself


def cut_of_astronaut(left: int, top: int, side: int) -> np.ndarray:
    with Image.open(_path(SOURCES["astronaut"])) as image:
        part = image.convert("RGB").crop((left, top, left + side, top + side))
        return np.asarray(part.resize((256, 256), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("mask", ["center-box", "free-form"])
@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_own_scene_at_another_crop_is_left_out(
    tmp_path: Path, mask: str, size: int, mirrored: bool
) -> None:
    """astronaut-0 is columns 100 to 355 and rows 0 to 255; the gallery shows other squares."""
    other = to_uint8(photo("coffee-3", 256)).permute(1, 2, 0).contiguous().numpy()
    wide, beside = cut_of_astronaut(0, 0, 512), cut_of_astronaut(180, 40, 200)
    turn = slice(None, None, -1 if mirrored else 1)
    items = [("wide", wide[:, turn]), ("beside", beside[:, turn]), ("cup", other)]
    build([(name, name, np.ascontiguousarray(pixels)) for name, pixels in items], tmp_path)
    hole = plugins.mask(mask)(size, size, derive_seed("mask", mask, "astronaut-0"))
    _, notes = run(SceneCompletion(gallery=tmp_path), photo("astronaut-0", size), hole)
    assert notes["excluded_sources"] == ["beside", "wide"]
    assert {part["source"] for part in notes["parts"]} == {"cup"}  # type: ignore[attr-defined]


def test_a_gallery_of_other_crops_alone_is_refused(tmp_path: Path) -> None:
    crops = [(0, 0, 512), (60, 0, 300), (180, 0, 200)]
    build([(str(c), str(c), cut_of_astronaut(*c)) for c in crops], tmp_path)
    with pytest.raises(RequestError, match="no scene but the query's own source"):
        run(SceneCompletion(gallery=tmp_path), photo("astronaut-0"), box(64, 64))


def test_a_query_like_every_source_loses_the_most_similar_one_alone(tmp_path: Path) -> None:
    across = np.linspace(0, 255, 64).astype(np.uint8)
    ramp = np.repeat(np.tile(across, (64, 1))[:, :, None], 3, axis=2)
    items = [("a", ramp), ("b", ramp // 2), ("c", ramp // 3)]
    build([(name, name, pixels) for name, pixels in items], tmp_path)
    image = torch.from_numpy(ramp.copy()).permute(2, 0, 1).float() / 255
    _, notes = run(SceneCompletion(gallery=tmp_path), image, box(64, 64))
    assert len(notes["excluded_sources"]) == 1  # type: ignore[arg-type]
    (part,) = notes["parts"]  # type: ignore[misc]
    assert part["source"] not in notes["excluded_sources"]  # type: ignore[operator]


def test_bad_requests(tmp_path: Path) -> None:
    full = torch.ones(1, 8, 8, dtype=torch.bool)
    with pytest.raises(RequestError, match="no pixel of the image is known"):
        run(SceneCompletion(), torch.zeros(3, 8, 8), full)
    with pytest.raises(RequestError, match=r"rank=0 is not in 1\.\.20"):
        SceneCompletion(rank=0)
    with pytest.raises(RequestError, match="candidates=0"):
        SceneCompletion(candidates=0)
    with pytest.raises(RequestError, match=r"has no gallery\.json"):
        SceneCompletion(gallery=tmp_path).assets()
    method = plugins.method(f"scenecompletion:{tmp_path},rank=2")
    assert (method.gallery, method.rank) == (tmp_path, 2)  # type: ignore[attr-defined]


def test_the_explain_picture_is_written(tmp_path: Path) -> None:
    image, hole = photo("chelsea-1"), box(64, 64)
    completer = Completer(open_gallery(DEFAULT_GALLERY))
    result = draw(hide(image, hole), hole, completer, tmp_path / "why.png")
    from bench.api.imaging import read_rgb

    assert read_rgb(tmp_path / "why.png").shape[1] > 1000
    assert result.excluded == ["chelsea"]
