"""Sessions, for clients that follow redirects and keep cookies: signing in leads to a page that knows who it was."""

from __future__ import annotations

from urllib.parse import quote, unquote

from aiohttp import web

from loadgen.demo.answers import json_answer, problem, read_json

_COOKIE = "session"
_LONGEST_NAME = 200


def session_routes() -> web.RouteTableDef:
    """Return the routes; a session is nothing but its cookie, so there is no state to bound."""
    table = web.RouteTableDef()

    @table.post("/api/session")
    async def sign_in(request: web.Request) -> web.Response:
        try:
            body = await read_json(request)
        except ValueError as error:
            return problem(400, "NOT_JSON", f"the body must be JSON: {error}")
        name = body.get("name") if isinstance(body, dict) else None
        if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
            return problem(422, "NO_NAME", f'write {{"name": TEXT}} with at most {_LONGEST_NAME} characters')
        cookie = f"{_COOKIE}={quote(name, safe='')}; Path=/api/session; HttpOnly"
        return web.Response(status=303, headers={"Location": "/api/session", "Set-Cookie": cookie})

    @table.get("/api/session")
    async def who(request: web.Request) -> web.Response:
        name = request.cookies.get(_COOKIE)
        if name is None:
            return problem(401, "NO_SESSION", "POST your name to /api/session first")
        return json_answer({"name": unquote(name)})

    return table
