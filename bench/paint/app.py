"""The routes of the page: each reads a request, makes one call and answers."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.resources import files

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from bench.api import RequestError
from bench.paint.asked import MOST_SAMPLES, MOST_SEED, RequestFields
from bench.paint.cards import zipped
from bench.paint.fills import Order
from bench.paint.guard import Address, Guard
from bench.paint.pictures import PaintableImage
from bench.paint.reading import MAX_SIDE, MIN_SIDE
from bench.paint.studio import Studio

MOST_LISTED = 60
TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
Handler = Callable[[Request], Awaitable[Response]]


def application(studio: Studio, address: Address) -> ASGIApp:
    """Return the server: it answers the page at this address and refuses all other requests."""
    routes = Routes(studio)

    table: list[tuple[str, str, Handler]] = [
        ("GET", "/", routes.page),
        ("GET", "/page/{name}", routes.page_file),
        ("GET", "/choices", routes.choices),
        ("GET", "/datasets/{place:int}", routes.dataset),
        ("GET", "/datasets/{place:int}/{number:int}.webp", routes.thumbnail),
        ("GET", "/images/{key}.png", routes.image),
        ("GET", "/cards/{key}.png", routes.card),
        ("GET", "/cards.zip", routes.zip),
        ("POST", "/images", routes.open),
        ("POST", "/uploads", routes.upload),
        ("POST", "/masks", routes.mask),
        ("POST", "/holes", routes.hole),
        ("POST", "/warm", routes.warm),
        ("POST", "/fills", routes.fill),
        ("POST", "/pack", routes.keep),
    ]
    app = [Route(path, _told(handler), methods=[verb]) for verb, path, handler in table]
    return Guard(Starlette(routes=app), address)


class Routes:
    """One method for each route."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        folder = files("bench.paint.page")
        self._files = {f.name: f.read_bytes() for f in folder.iterdir() if _type_of(f.name)}
        self._files["palette.css"] = (files("bench.report.page") / "palette.css").read_bytes()

    async def page(self, request: Request) -> Response:
        """The page itself."""
        return Response(self._files["page.html"], media_type="text/html")

    async def page_file(self, request: Request) -> Response:
        """A script or style of the page; its name is a key, never a path."""
        name = str(request.path_params["name"])
        if name not in self._files:
            return Response(status_code=404)
        return Response(self._files[name], media_type=_type_of(name))

    async def choices(self, request: Request) -> Response:
        """All that the page offers."""
        studio = self._studio
        return JSONResponse(
            {
                "methods": studio.methods.offers(),
                "masks": studio.masks.offers(),
                "datasets": studio.datasets.names,
                "dataset": studio.first_dataset(),
                "size": studio.settings.size,
                "most": {"samples": MOST_SAMPLES, "seed": MOST_SEED, "side": MAX_SIDE},
                "pack": str(studio.settings.pack),
            }
        )

    async def dataset(self, request: Request) -> Response:
        """Ids of a dataset that contain a text, from an index on."""
        ids = await self._studio.ids(request.path_params["place"])
        text = request.query_params.get("search", "").lower()
        images = [{"n": n, "id": i} for n, i in enumerate(ids) if text in i.lower()]
        start = _number(request.query_params.get("start", "0"))
        return JSONResponse({"total": len(images), "images": images[start : start + MOST_LISTED]})

    async def thumbnail(self, request: Request) -> Response:
        """A small picture of a dataset's image."""
        data = await self._studio.thumbnail(*(request.path_params[k] for k in ("place", "number")))
        return Response(data, media_type="image/webp")

    async def image(self, request: Request) -> Response:
        """An image that can be painted on."""
        data = self._studio.pictures.get(request.path_params["key"]).read.png
        return Response(data, media_type="image/png")

    async def card(self, request: Request) -> Response:
        """A filling's file."""
        card = self._studio.cards.get(request.path_params["key"])
        return _download(card.output, card.file_name, "image/png")

    async def zip(self, request: Request) -> Response:
        """Fillings with their holes, targets and scores."""
        keys = request.query_params.get("cards", "").split(",")[:200]
        data = zipped([self._studio.cards.get(key) for key in keys])
        return _download(data, "fillings.zip", "application/zip")

    async def open(self, request: Request) -> Response:
        """Open a dataset's image."""
        asked = RequestFields(await request.body())
        place, number = (asked.whole(name, 0, 2**31) for name in ("dataset", "n"))
        size = asked.optional_whole("size", MIN_SIDE, MAX_SIDE)
        return _picture(await self._studio.open(place, number, size))

    async def upload(self, request: Request) -> Response:
        """Open a user's file."""
        text = request.query_params.get("size", "own")
        size = None if text == "own" else _number(text)
        if size is not None and not MIN_SIDE <= size <= MAX_SIDE:
            raise RequestError(f"size={size}: give a side of {MIN_SIDE} to {MAX_SIDE} pixels.")
        name = request.query_params.get("name", "image")[:200]
        return _picture(await self._studio.upload(name, await request.body(), size))

    async def mask(self, request: Request) -> Response:
        """Read a mask file."""
        key = request.query_params.get("image", "")
        bits = await self._studio.read_mask(key, await request.body())
        return JSONResponse({"hole": _base64(bits)})

    async def hole(self, request: Request) -> Response:
        """Draw a hole with a generator."""
        asked = RequestFields(await request.body())
        seed = asked.whole("seed", 0, MOST_SEED)
        bits, text = await self._studio.draw(asked.text("image"), asked.plugin("mask"), seed)
        return JSONResponse({"hole": _base64(bits), "text": text})

    async def warm(self, request: Request) -> Response:
        """Start the processes of methods."""
        self._studio.warm(RequestFields(await request.body()).plugins("methods"))
        return JSONResponse({})

    async def fill(self, request: Request) -> Response:
        """Fill a hole; the answer is a line of JSON per event, until all is done."""
        asked = RequestFields(await request.body())
        order = self._studio.order(
            *(asked.text("image"), asked.bits("hole"), asked.plugins("methods")),
            seed=asked.whole("seed", 0, MOST_SEED),
            samples=asked.whole("samples", 1, MOST_SAMPLES),
            truth=asked.flag("truth"),
        )
        return StreamingResponse(self._lines(order), media_type="application/x-ndjson")

    async def keep(self, request: Request) -> Response:
        """Add a filling's image and hole to the pack."""
        kept, command = await self._studio.keep(RequestFields(await request.body()).text("card"))
        return JSONResponse({"id": kept, "command": command})

    async def _lines(self, order: Order) -> AsyncIterator[bytes]:
        events = self._studio.fills.answers(order)
        try:
            async for event in events:
                yield json.dumps(event, allow_nan=False).encode() + b"\n"
        finally:
            await events.aclose()


def _told(handler: Handler) -> Handler:
    """Return a handler that answers a wrong request with one line."""

    async def told(request: Request) -> Response:
        try:
            return await handler(request)
        except RequestError as error:
            return JSONResponse({"error": " ".join(str(error).split())}, 422)
        except OSError as error:  # the disk is full, or the pack cannot be written
            where = f"{error.filename}: " if error.filename else ""
            return JSONResponse({"error": f"{where}{error.strerror or error}"}, 507)

    return told


def _picture(picture: PaintableImage) -> Response:
    read = picture.read
    return JSONResponse(
        {
            "key": picture.key,
            "name": picture.name,
            "height": read.height,
            "width": read.width,
            "hole": None if read.bits is None else _base64(read.bits),
        }
    )


def _download(data: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f'inline; filename="{name}"'}
    return Response(data, media_type=media_type, headers=headers)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _type_of(name: str) -> str | None:
    return TYPES.get(name.rpartition(".")[2])


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise RequestError(f"{text[:20]!r} is not a whole number.")
    return int(text)
