"""Hand a dashboard to Grafana: one request, one answer.

Laws: the token goes in a header to the address that was given and nowhere else, so redirects are not followed; what is
told of a failure never holds the token.
"""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.errors import LoadgenError
from loadgen.core.redact import Redactor
from reports.model.grafana import Answer

if TYPE_CHECKING:
    import ssl

    from reports.model.grafana import Upload

_MOST_BYTES = 1024 * 1024


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects unfollowed: they come back as their own answer."""

    def redirect_request(self, *_: Any) -> None:
        return None


def send(upload: Upload, timeout_s: float, context: ssl.SSLContext) -> Answer:
    """Post the dashboard; raise LoadgenError when there is no answer."""
    request = urllib.request.Request(upload.url, orjson.dumps(upload.body), method="POST")  # noqa: S310 - http(s) only
    request.add_header("Content-Type", "application/json")
    request.add_header("Accept", "application/json")
    if upload.token is not None:
        request.add_unredirected_header("Authorization", f"Bearer {upload.token.reveal()}")
    opener = urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(request, timeout=timeout_s) as response:
            return _answer(response.status, response.read(_MOST_BYTES), "")
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error.code, error.read(_MOST_BYTES), error.headers.get("Location") or "")
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        secrets = () if upload.token is None else (upload.token,)
        said = Redactor(secrets).text(f"{reason or type(error).__name__}")
        raise LoadgenError(f"{upload.url}: no answer ({said}); nothing was stored as far as is known") from error


def _answer(status: int, raw: bytes, location: str) -> Answer:
    try:
        reply = orjson.loads(raw)
    except orjson.JSONDecodeError:  # a proxy's page, or nothing
        reply = {}
    return Answer(status, reply if isinstance(reply, dict) else {}, location)
