"""The page's actions, without HTTP: open images, draw holes, fill them, keep the results."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.api import Dataset, RequestError
from bench.paint import pack, reading
from bench.paint.asked import PlugIn
from bench.paint.cards import Cards, command
from bench.paint.choices import Choices, Datasets, mask, method
from bench.paint.fills import Fills, Order
from bench.paint.painted import painting
from bench.paint.pictures import PaintableImage, Pictures
from bench.paint.workers import Workers
from bench.plan import request
from bench.plan.spec import seed_of_hole

THUMBNAILS_KEPT = 2000


@dataclass(frozen=True)
class PaintSettings:
    """The options of `bench paint`.

    dataset: None = those on this machine.  methods: empty = a choice of the registered ones.  size:
    of the images, None = 256 or the dataset's own.  timeout: seconds per filling.  pack: the
    folder of kept paintings.  add_mask: see bench.paint.pack.
    """

    add_mask: pack.AddMask
    dataset: str | None = None
    methods: Sequence[str] = ()
    size: int | None = None
    timeout: float = 300
    device: str = "cpu"
    pack: Path = Path("paint-pack")


class Studio:
    """The state behind the page; `close` ends its processes."""

    def __init__(self, settings: PaintSettings) -> None:
        named = [text.partition(":")[0] for text in request.suite("quickstart").methods]
        self.settings = settings
        self.methods = Choices("method", settings.methods, default=named)
        self.masks = Choices("mask", [])
        self.datasets = Datasets(settings.dataset)
        self.pictures, self.cards = Pictures(), Cards()
        self._folder = tempfile.TemporaryDirectory(prefix="bench-paint-")
        self._ids: dict[int, list[str]] = {}
        self._thumbnails: dict[tuple[int, int], bytes] = {}
        self._packing = asyncio.Lock()
        self.workers = Workers()
        self.fills = Fills(
            *(self.workers, self.cards),
            timeout=settings.timeout,
            device=settings.device,
            folder=Path(self._folder.name),
        )

    def close(self) -> None:
        """End all processes; remove what workers left behind."""
        self.workers.close()
        self._folder.cleanup()

    def warm(self, chosen: Sequence[PlugIn]) -> None:
        """Start the processes of methods before they are needed."""
        for one in chosen:
            plugin = method(self.methods.choose(one.place, one.parameters))
            self.workers.warm(plugin.name, self.fills.threads(plugin))

    def first_dataset(self) -> int:
        """Return the place of the dataset that is shown first."""
        name, _, _ = request.DEFAULT_DATASET.partition(":")
        if self.settings.dataset is not None or name not in self.datasets.names:
            return 0
        return self.datasets.names.index(name)

    async def ids(self, place: int) -> list[str]:
        """Return the ids of a dataset's images."""
        if place not in self._ids:
            dataset = self.datasets.at(place, None)
            self._ids[place] = await asyncio.to_thread(dataset.ids)
        return self._ids[place]

    async def thumbnail(self, place: int, number: int) -> bytes:
        """Return a small WebP of a dataset's image."""
        key = (place, number)
        if key not in self._thumbnails:
            member = reading.Member(self._small(place), await self._id(place, number))
            data = await self.workers.errand(reading.thumbnail, member)
            if len(self._thumbnails) >= THUMBNAILS_KEPT:
                self._thumbnails.clear()
            self._thumbnails[key] = data
        return self._thumbnails[key]

    async def open(self, place: int, number: int, size: int | None) -> PaintableImage:
        """Return an image of a dataset at a size."""
        image_id = await self._id(place, number)
        member = reading.Member(self.datasets.at(place, size), image_id)
        return self.pictures.add(image_id, await self.workers.errand(reading.load, member))

    async def upload(self, name: str, data: bytes, size: int | None) -> PaintableImage:
        """Return an image from a file's bytes."""
        read = await self.workers.errand(reading.read_upload, reading.Upload(data, size))
        return self.pictures.add(name.rsplit(".", 1)[0][:80] or "image", read)

    async def draw(self, key: str, asked: PlugIn, seed: int) -> tuple[bytes, str]:
        """Return the bits of the hole that a run with this mask seed draws, and the mask's text."""
        picture = self.pictures.get(key)
        chosen = self.masks.choose(asked.place, asked.parameters)
        drawn = seed_of_hole(mask(chosen).name, picture.name, seed)
        task = reading.Draw(mask(chosen), picture.read.height, picture.read.width, drawn)
        return await self.workers.errand(reading.draw, task), chosen.text

    async def read_mask(self, key: str, data: bytes) -> bytes:
        """Return the bits of a mask file's white pixels, at an image's size."""
        read = self.pictures.get(key).read
        task = reading.UploadedMask(data, read.height, read.width)
        return await self.workers.errand(reading.read_mask, task)

    def order(
        self,
        key: str,
        bits: bytes,
        asked: Sequence[PlugIn],
        *,
        seed: int,
        samples: int,
        truth: bool,
    ) -> Order:
        """Return an order to fill a painted hole; raises RequestError for an impossible one."""
        picture = self.pictures.get(key)
        read = picture.read
        painted = painting(picture.name, read.png, bits, read.height, read.width, truth=truth)
        chosen = [self.methods.choose(one.place, one.parameters) for one in asked]
        order = Order(painted, chosen, seed, samples)
        self.fills.check(order)
        return order

    async def keep(self, key: str) -> tuple[str, str]:
        """Add a card's image and hole to the pack; return their id and the card's command."""
        card, folder = self.cards.get(key), self.settings.pack
        painted = card.painting
        async with self._packing:
            add = partial(pack.add, folder, painted.id, add_mask=self.settings.add_mask)
            await asyncio.to_thread(add, card.target, card.hole)
        return painted.id, command(card, folder, self.settings.device)

    async def _id(self, place: int, number: int) -> str:
        ids = await self.ids(place)
        if not 0 <= number < len(ids):
            raise RequestError(f"There is no image at place {number}.")
        return ids[number]

    def _small(self, place: int) -> Dataset:
        """Return a dataset at the smallest size that is enough for thumbnails."""
        try:
            return self.datasets.at(place, reading.THUMBNAIL)
        except RequestError:
            return self.datasets.at(place, None)
