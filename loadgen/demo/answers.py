"""The two forms of an answer: JSON, and a JSON problem with a code that programs can read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return `body` as JSON."""
    return web.Response(body=orjson.dumps(body), status=status, content_type="application/json", headers=headers)


def problem(status: int, code: str, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """Return {"error": {"code", "message"}} with an error status."""
    return json_answer({"error": {"code": code, "message": text}}, status, headers)


async def read_json(request: web.Request) -> Any:
    """Return the body of a request, None when it is empty; raise ValueError when it is not JSON."""
    raw = await request.read()
    return orjson.loads(raw) if raw else None
