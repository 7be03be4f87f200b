"""The addresses of the page: what may be asked for, and what comes back."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from restore import __version__
from restore.errors import Cancelled, PhotoError, RecipeError, RestoreError
from restore.recipe import Recipe
from restore.serve import edits, saving
from restore.serve.darkroom import Ask, Reply
from restore.serve.exports import Exports
from restore.serve.guard import Guard, TooLarge
from restore.serve.library import Library
from restore.serve.limits import Limits
from restore.serve.views import View, Views

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

PAGE = Path(__file__).parent / "page"
THUMBNAILS = 2000
"""Thumbnails kept, about 10 kB each."""
NO_STORE = {"cache-control": "no-store"}


class Site:
    """The page of one `restore serve`: its photos, its views, its exports."""

    def __init__(self, library: Library, limits: Limits, secret: str) -> None:
        self.library, self.secret = library, secret
        self.views = Views(limits)
        self.exports = Exports(library.out, limits)
        self.edits: dict[str, Any] = {}
        self.thumbnails: dict[str, bytes] = {}
        self.scanning = threading.Lock()

    def scan(self) -> None:
        """Look for photos again."""
        with self.scanning:
            self.library.scan()

    def photo(self, request: Request) -> Path:
        """The photo that an address names."""
        return self.path(request.path_params["photo"])

    def path(self, id: object) -> Path:
        """The photo of an id, or a 404."""
        try:
            return self.library.path(str(id))
        except KeyError:
            raise HTTPException(404, "there is no such photo") from None

    def view(self, request: Request) -> View:
        """The view that an address names."""
        name = request.path_params["view"]
        if not (name.isalnum() and len(name) <= 40):
            raise HTTPException(404, "there is no such view")
        return self.views.view(name)

    async def index(self, request: Request) -> Response:
        """The page itself, to those who know the secret."""
        import secrets

        given = request.query_params.get("secret", "")
        if not secrets.compare_digest(given.encode(), self.secret.encode()):
            text = "The secret is missing or wrong: open the address that restore serve printed.\n"
            return PlainTextResponse(text, 403)
        return FileResponse(PAGE / "index.html", headers=NO_STORE)

    async def session(self, request: Request) -> Response:
        """All that the page needs to begin."""
        await run_in_threadpool(self.scan)
        return _json(
            {
                "version": __version__,
                "photos": self.library.listing(),
                "troubles": self.library.troubles,
                "folders": [str(path) for path in self.library.paths],
                "out": str(self.library.out),
                "steps": await run_in_threadpool(edits.listed_steps),
                "recipes": await run_in_threadpool(edits.listed_recipes),
                "formats": saving.formats(),
                "edits": {id: self.edits[id] for id in self.library.photos if id in self.edits},
            }
        )

    async def thumbnail(self, request: Request) -> Response:
        """A photo in the strip of all photos."""
        path, id = self.photo(request), request.path_params["photo"]
        if id not in self.thumbnails:
            reply = await self.desk("thumbnail", path, 1, side=256)
            while len(self.thumbnails) >= THUMBNAILS:
                del self.thumbnails[next(iter(self.thumbnails))]
            self.thumbnails[id] = reply.data
        return Response(self.thumbnails[id], media_type="image/jpeg", headers=NO_STORE)

    async def desk(self, kind: str, path: Path, urgency: int, **values: Any) -> Reply:
        """Something from the process beside the views."""
        return await self.views.desk.ask(Ask(path, 0, kind, values), urgency)

    async def info(self, request: Request) -> Response:
        """What is wrong with a photo, and which recipe suits."""
        return _json((await self.desk("info", self.photo(request), 0)).facts)

    async def card(self, request: Request) -> Response:
        """What a recipe makes of a photo, small."""
        path = self.photo(request)
        recipe = await run_in_threadpool(Recipe.named, _name(request.path_params["recipe"]))
        reply = await self.desk("card", path, 2, recipe=recipe, side=240)
        return Response(reply.data, media_type="image/jpeg", headers=NO_STORE)

    async def before(self, request: Request) -> Response:
        """The photo as it is."""
        return _both(await self.view(request).show(0, "before", self.photo(request)))

    async def preview(self, request: Request) -> Response:
        """What a recipe makes of a photo."""
        body = await _body(request)
        view, path = self.view(request), self.path(body.get("photo"))
        recipe = await run_in_threadpool(edits.recipe_of, body.get("edit"))
        noted = await run_in_threadpool(saving.notes_of, body.get("hints", []))
        if recipe is None:
            raise HTTPException(400, "all steps are off")
        kind = "sketch" if body.get("sketch") is True else "preview"
        reply = await view.plan(next(self.views.numbers), kind, path, recipe=recipe, noted=noted)
        if kind == "preview":
            reply.facts["command"] = await run_in_threadpool(edits.command, recipe)
        return _both(reply)

    async def warm(self, request: Request) -> Response:
        """Get ready for a slider."""
        await self._of_plan(request, "warm")
        return Response(status_code=204)

    async def tile(self, request: Request) -> Response:
        """Real pixels."""
        where = {key: request.path_params[key] for key in ("level", "row", "column")}
        if where["level"] > 8:
            raise HTTPException(404, "there is no such tile")
        reply = await self._of_plan(request, "tile", after=True, **where)
        return Response(reply.data, media_type="image/png", headers=NO_STORE)

    async def tile_before(self, request: Request) -> Response:
        """Real pixels of the photo as it is."""
        where = {key: request.path_params[key] for key in ("level", "row", "column")}
        if where["level"] > 8:
            raise HTTPException(404, "there is no such tile")
        reply = await self.view(request).show(
            0, "tile", self.photo(request), raw="", after=False, **where
        )
        return Response(reply.data, media_type="image/png", headers=NO_STORE)

    async def map(self, request: Request) -> Response:
        """A map over the photo."""
        reply = await self._of_plan(request, "map", name=request.path_params["name"])
        return Response(reply.data, media_type="image/png", headers=NO_STORE)

    async def colours(self, request: Request) -> Response:
        """The colours a place may have."""
        x, y = (float(_number(request.query_params.get(key), 0, 100)) for key in ("x", "y"))
        return _json((await self._of_plan(request, "colours", x=x, y=y)).facts)

    async def _of_plan(self, request: Request, kind: str, **values: Any) -> Reply:
        raw = "camera" if request.query_params.get("raw") == "camera" else "developed"
        number = request.path_params["plan"]
        return await self.view(request).show(number, kind, self.photo(request), raw=raw, **values)

    async def close_view(self, request: Request) -> Response:
        """A tab is closed: its process ends."""
        gone = self.views.views.pop(request.path_params["view"], None)
        if gone:
            await gone.leave()
        return Response(status_code=204)

    async def edit(self, request: Request) -> Response:
        """Remember a photo's edit for the other tabs and for a reload."""
        self.photo(request)
        body = await _body(request)
        await run_in_threadpool(edits.recipe_of, body)
        self.edits[request.path_params["photo"]] = body
        return Response(status_code=204)

    async def hints(self, request: Request) -> Response:
        """The hints and marks beside a photo."""
        path = self.photo(request)
        return _json({"hints": await run_in_threadpool(saving.notes_beside, path)})

    async def save_hints(self, request: Request) -> Response:
        """Write the hints and marks beside a photo."""
        path, body = self.photo(request), await _body(request)
        await run_in_threadpool(saving.save_notes, path, body.get("hints"))
        return Response(status_code=204)

    async def toml(self, request: Request) -> Response:
        """An edit as the TOML of a recipe."""
        recipe = await run_in_threadpool(edits.recipe_of, await _body(request))
        if recipe is None:
            raise HTTPException(400, "all steps are off")
        return _json({"toml": recipe.toml()})

    async def save_recipe(self, request: Request) -> Response:
        """Save an edit among the user's recipes."""
        body = await _body(request)
        recipe = await run_in_threadpool(edits.recipe_of, body.get("edit"))
        if recipe is None:
            raise HTTPException(400, "all steps are off")
        texts = [str(body.get(key, "")) for key in ("name", "title", "about")]
        recipe = edits.named(recipe, *texts)
        path = await run_in_threadpool(saving.save_recipe, recipe, body.get("overwrite") is True)
        return _json({"path": str(path), "recipes": await run_in_threadpool(edits.listed_recipes)})

    async def export(self, request: Request) -> Response:
        """Write results."""
        body = await _body(request)
        asked = body.get("photos")
        if not isinstance(asked, list) or not asked or not all(isinstance(a, dict) for a in asked):
            raise HTTPException(400, "photos is not a list")
        orders, untouched = [], []
        for one in asked:
            path, recipe = self.path(one.get("photo")), edits.recipe_of(one.get("edit"))
            if recipe is None:
                untouched.append(path.name)
            else:
                orders.append((str(one["photo"]), path, recipe))
        if not orders:
            raise HTTPException(400, f"all steps are off: {', '.join(untouched)[:200]}")
        form = body.get("format") or None
        if form is not None and form not in saving.formats():
            raise HTTPException(400, "no such format")
        originals = list(self.library.photos.values())
        number = await run_in_threadpool(self.exports.begin, orders, originals, form)
        return _json({"export": number})

    async def progress(self, request: Request) -> Response:
        """Where an export stands."""
        export = self.exports.known.get(request.path_params["export"])
        if export is None:
            raise HTTPException(404, "there is no such export")
        if request.method == "DELETE":
            export.cancelled.set()
        return _json(export.facts())

    def close(self) -> None:
        """End all processes."""
        self.exports.cancel()
        self.views.close()


def create(site: Site, host: str) -> Starlette:
    """The application, behind its guard."""
    view = "/api/views/{view}/photos/{photo}"
    plan = view + "/plans/{plan:int}"
    tile = "/tiles/{level:int}/{row:int}/{column:int}"
    routes = [
        Route("/", site.index),
        Route("/api/session", site.session),
        Route("/api/photos/{photo}/thumbnail", site.thumbnail),
        Route("/api/photos/{photo}/info", site.info),
        Route("/api/photos/{photo}/cards/{recipe}", site.card),
        Route("/api/photos/{photo}/edit", site.edit, methods=["PUT"]),
        Route("/api/photos/{photo}/hints", site.hints, methods=["GET"]),
        Route("/api/photos/{photo}/hints", site.save_hints, methods=["PUT"]),
        Route("/api/views/{view}", site.close_view, methods=["DELETE"]),
        Route("/api/views/{view}/preview", site.preview, methods=["POST"]),
        Route(view + "/before", site.before),
        Route(view + tile, site.tile_before),
        Route(plan + "/warm", site.warm, methods=["POST"]),
        Route(plan + tile, site.tile),
        Route(plan + "/maps/{name}", site.map),
        Route(plan + "/colours", site.colours),
        Route("/api/recipes", site.save_recipe, methods=["POST"]),
        Route("/api/toml", site.toml, methods=["POST"]),
        Route("/api/exports", site.export, methods=["POST"]),
        Route("/api/exports/{export:int}", site.progress, methods=["GET", "DELETE"]),
        Mount("/page", StaticFiles(directory=PAGE)),
    ]

    @asynccontextmanager
    async def life(app: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await run_in_threadpool(site.close)

    return Starlette(
        routes=routes,
        lifespan=life,
        middleware=[Middleware(Guard, secret=site.secret, host=host)],
        exception_handlers={
            HTTPException: _http,
            Cancelled: _cancelled,
            RestoreError: _refused,
            TooLarge: _too_large,
            ClientDisconnect: _gone,
        },
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _json({"error": error.detail}, error.status_code)


async def _cancelled(request: Request, error: Exception) -> Response:
    return _json({"error": "no longer wanted"}, 409)


async def _refused(request: Request, error: Exception) -> Response:
    kinds = {RecipeError: "recipe", PhotoError: "photo"}
    kind = next((word for one, word in kinds.items() if isinstance(error, one)), "other")
    return _json({"error": str(error), "kind": kind}, 422)


async def _too_large(request: Request, error: Exception) -> Response:
    return _json({"error": "the request is too large"}, 413)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody is left to read it


def _json(content: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status, NO_STORE)


def _both(reply: Reply) -> Response:
    """Facts and a picture in one answer: the length of the JSON, the JSON, the picture."""
    facts = json.dumps(reply.facts, allow_nan=False).encode()
    body = struct.pack(">I", len(facts)) + facts + reply.data
    return Response(body, media_type="application/octet-stream", headers=NO_STORE)


async def _body(request: Request) -> dict[str, Any]:
    """The JSON object of a request."""
    try:
        content = json.loads(await request.body())
        # no NaN, no 1e999, no half of a character: none of them could be sent back
        json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(content, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return content


def _number(given: object, low: int, high: int) -> float:
    """A number from outside, or a 400."""
    try:
        number = float(str(given))
    except ValueError:
        raise HTTPException(400, "a number is missing") from None
    if not low <= number <= high:
        raise HTTPException(400, f"{number:g} is outside {low} … {high}")
    return number


def _name(given: str) -> str:
    """The name of a recipe, never a path."""
    from restore.recipe import NAME

    if not NAME.fullmatch(given):
        raise HTTPException(404, "there is no such recipe")
    return given
