"""Who may ask: bearer tokens of the API, the token of scrapes, the token of internal routes.

Law: a token that is given must be valid, also where none is demanded; every refusal is counted.
"""

from __future__ import annotations

import hmac
import warnings
from typing import TYPE_CHECKING

import jwt

from loadgen.core.clock import Clock, SystemClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.redact import Secret
    from loadgen.demo.metrics import Metrics

MAX_KNOWN = 1_000
_REASONS: tuple[tuple[type[jwt.InvalidTokenError], str], ...] = (
    (jwt.ImmatureSignatureError, "not_yet_valid"),
    (jwt.InvalidSignatureError, "invalid_signature"),
    (jwt.InvalidAlgorithmError, "invalid_algorithm"),
)


class RefusedError(Exception):
    """A credential that is missing or not valid; `reason` is a label value, never the credential."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the bearer token of a request, None without one; another scheme gives an empty token."""
    given = headers.get("Authorization")
    if given is None:
        return None
    scheme, _, token = given.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class JwtGuard:
    """Checks HS256 tokens; one that was valid is remembered until it expires, since signatures cost time."""

    def __init__(self, secret: Secret, metrics: Metrics, *, required: bool, clock: Clock | None = None) -> None:
        self._secret = secret
        self._metrics = metrics
        self._required = required
        self._clock = clock or SystemClock()
        self._known: dict[str, float | None] = {}

    @property
    def remembered(self) -> int:
        """How many tokens are known to be valid."""
        return len(self._known)

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise RefusedError when the token is missing though demanded, or not valid."""
        token = bearer(headers)
        if token is None and not self._required:
            return
        try:
            self._verify(token)
        except RefusedError as refused:
            self._metrics.jwt_fail.labels(refused.reason).inc()
            self._metrics.auth_failures.labels().inc()
            raise

    def _verify(self, token: str | None) -> None:
        if not token:
            raise RefusedError("missing" if token is None else "malformed")
        if token not in self._known:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[token] = self._decode(token)
        expires = self._known[token]
        if expires is not None and expires <= self._clock.utc_now().timestamp():
            del self._known[token]
            raise RefusedError("expired")

    def _decode(self, token: str) -> float | None:
        """Return when a token of ours ends, in Unix seconds, None for never; raise RefusedError."""
        try:
            with warnings.catch_warnings():
                # the default secret is short, and says of itself that it is for development
                warnings.simplefilter("ignore")
                claims = jwt.decode(token, self._secret.reveal(), algorithms=["HS256"], options={"verify_exp": False})
        except jwt.InvalidTokenError as error:
            reason = next((name for kind, name in _REASONS if isinstance(error, kind)), "malformed")
            raise RefusedError(reason) from error
        expires = claims.get("exp")
        if expires is not None and not isinstance(expires, int | float):
            raise RefusedError("malformed")
        return expires


class TokenGuard:
    """Checks a fixed token, given as bearer or in a header of its own; without a token everything passes."""

    def __init__(self, token: Secret | None, header: str, metrics: Metrics) -> None:
        self._token = token
        self._header = header
        self._metrics = metrics

    def check(self, headers: Mapping[str, str]) -> None:
        """Raise RefusedError unless the request carries the token."""
        if self._token is None:
            return
        given = headers.get(self._header) or bearer(headers) or ""
        if not hmac.compare_digest(given.encode(), self._token.reveal().encode()):
            self._metrics.auth_failures.labels().inc()
            raise RefusedError("invalid" if given else "missing")
