"""A labelled picture of one completion: scenes retrieved, placement, seam, before and after."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from bench.api.sheet import HOLE_COLOUR, Captions, draw_sheet, fit, lines_of, tile_row
from methods.scenecompletion.complete import Completer, PartResult, Result
from methods.scenecompletion.scenes import Scenes

if TYPE_CHECKING:
    import torch
    from PIL import Image

Array = np.ndarray[Any, np.dtype[Any]]

TILE = 220  # pixels of a picture's longer side
CAPTIONS = Captions(height=34, at=(0, 2), below=True)
COLUMNS = 5
RED, CYAN, YELLOW = (255, 60, 60), (0, 220, 255), (255, 220, 0)
Tile = tuple[str, Array]  # caption, uint8 (H, W, 3)


def draw(visible: torch.Tensor, hole: torch.Tensor, completer: Completer, out: Path) -> Result:
    """Complete one image and draw how, to the PNG file `out`.

    visible: float32 (3, H, W) in [0, 1].  hole: bool (1, H, W), True = missing.
    Raises RequestError as the method does.
    """
    rgb = visible.permute(1, 2, 0).contiguous().numpy()
    missing = hole[0].numpy()
    gallery = completer.gallery
    result = completer.complete(rgb, missing)
    rows = [("Scenes by descriptor, nearest first", _retrieved_tiles(Scenes(gallery), result))]
    for number, part in enumerate(result.parts, start=1):
        title = f"Part {number} of {len(result.parts)}: placement, seam, blending"
        rows.append((title, _part_tiles(part)))
        finalists = (
            f"Part {number}: the placements that were cut, by the sum of equally scaled costs"
        )
        rows.append((finalists, _finalist_tiles(Scenes(gallery), part)))
    first = [
        ("photograph with its hole", _tint(_bytes(rgb), missing, HOLE_COLOUR, 1.0)),
        ("completed", _bytes(result.image)),
    ]
    _sheet([("Query and result", first), *rows]).save(out, "PNG")
    return result


def _retrieved_tiles(scenes: Scenes, result: Result) -> list[Tile]:
    tiles = []
    for rank, (scene, distance) in enumerate(result.retrieved[: 2 * COLUMNS], start=1):
        excluded = scene.photograph.source in result.excluded
        note = "\nleft out: holds the query" if excluded else f"\ndistance {distance:.2f}"
        picture = _bytes(scenes.rgb(scene, scene.box[2:]))
        tiles.append((f"{rank}. {scene.photograph.id}{note}", picture))
    return tiles


def _part_tiles(part: PartResult) -> list[Tile]:
    query, chosen, seam = part.query, part.chosen, part.seam
    height, width = chosen.size
    placed = _bytes(np.where(query.part[:, :, None], 0.0, query.rgb))
    placed = _tint(placed, query.context, CYAN, 0.35)
    placed = _tint(placed, query.part, RED, 0.75)
    corners = (chosen.left, chosen.top), (chosen.left + width - 1, chosen.top + height - 1)
    cv2.rectangle(placed, *corners, YELLOW, 1)
    outlined = _outline(_outline(_bytes(part.pasted), query.part, RED), seam.patch, YELLOW)
    return [
        ("hole red, context blue,\nscene's frame yellow", placed),
        (f"{chosen.scene.photograph.id}\nscale {chosen.scale:.2f}", _bytes(part.patch)),
        (f"seam yellow, cost {seam.cost};\nalong the hole, red, {seam.straight}", outlined),
        ("before blending", _bytes(part.pasted)),
        ("after blending over the seam", _bytes(part.blended)),
    ]


def _finalist_tiles(scenes: Scenes, part: PartResult) -> list[Tile]:
    tiles = []
    for rank, placement in enumerate(part.finalists[:COLUMNS], start=1):
        scene, context, texture, cut = placement.costs
        caption = (
            f"{rank}. {placement.scene.photograph.id}: scene {scene:.2f},\n"
            f"context {context:.0f}, texture {texture:.2f}, cut {cut:.0f}"
        )
        tiles.append((caption, _bytes(scenes.rgb(placement.scene, placement.size))))
    return tiles


def _bytes(rgb: Array) -> Array:
    """Quantise float (H, W, 3) in [0, 1]."""
    return (rgb * 255).round().clip(0, 255).astype(np.uint8)


def _tint(pixels: Array, mask: Array, colour: tuple[int, int, int], share: float) -> Array:
    """Mix a colour into the masked pixels."""
    mixed = pixels * (1 - share) + np.array(colour) * share
    return np.where(mask[:, :, None], mixed, pixels).astype(np.uint8)


def _outline(pixels: Array, mask: Array, colour: tuple[int, int, int]) -> Array:
    """Draw the inner outline of a mask, on an enlarged picture so that it stays thin."""
    factor = max(1, TILE // max(pixels.shape[:2]))
    big = np.repeat(np.repeat(pixels, factor, axis=0), factor, axis=1) if factor > 1 else pixels
    size = (big.shape[1], big.shape[0])
    grown = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    edge = grown - cv2.erode(grown, np.ones((3, 3), np.uint8), borderValue=1)
    return _tint(big, edge > 0, colour, 1.0)


def _sheet(rows: list[tuple[str, list[Tile]]]) -> Image.Image:
    """Lay titled rows of captioned tiles on a white sheet, COLUMNS per line."""
    lines = []
    for title, tiles in rows:
        fitted = [(caption, fit(pixels, TILE)) for caption, pixels in tiles]
        for number, line in enumerate(lines_of(fitted, COLUMNS)):
            lines.append(tile_row(line, TILE, CAPTIONS, title="" if number else title))
    return draw_sheet(lines, [TILE] * COLUMNS, gap=8)
