"""What a command or a URL said, read as a token and the moment it ends. Pure: instants come in as arguments.

Law: no message holds what was said, since it is the secret.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.core.setting_readers import read_jwt
from loadgen.core.units import NS_PER_S
from loadgen.run.claims import claims_of

if TYPE_CHECKING:
    from loadgen.core.redact import Secret
    from loadgen.plan.model import TokenSource

_MOMENTS_FROM_S = 1_000_000_000
"""A number of seconds from here on is a moment since 1970, not a length: 31 years."""


class TokenError(Exception):
    """No token; the text says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token, the monotonic instant of its issue and that of its end; None where it does not tell."""

    token: Secret
    at_ns: int
    expires_ns: int | None

    def renew_at_ns(self, margin_ns: int) -> int | None:
        """Return when to renew it: a margin before its end, but not before half its time has passed."""
        if self.expires_ns is None:
            return None
        lasts_ns = self.expires_ns - self.at_ns
        return self.expires_ns - min(margin_ns, lasts_ns // 2)


def read_answer(text: str, source: TokenSource, at_ns: int, wall_s: float) -> Issued:
    """Read a bare token, or JSON that has it at the source's place; raise TokenError when there is none.

    The end is what JSON says, else the `exp` of a JWT, else the source's lifetime. `at_ns` and `wall_s` are now.
    """
    text = text.strip()
    if not text:
        raise TokenError("the answer is empty")
    lasts_s: float | None = None
    if text.startswith("{"):
        text, lasts_s = _from_json(text, source, wall_s)
    try:
        token = read_jwt(text)
    except ValueError:
        raise TokenError("the answer is not a token: one word of printable ASCII, or JSON that has one") from None
    if lasts_s is None:
        lasts_s = _left_by_claims(token, wall_s)
    if lasts_s is None:
        return Issued(token, at_ns, None if source.lifetime_ns is None else at_ns + source.lifetime_ns)
    if lasts_s <= 0:
        raise TokenError(f"the token it gave ended {-lasts_s:.0f} s ago")
    return Issued(token, at_ns, at_ns + int(lasts_s * NS_PER_S))


def _from_json(text: str, source: TokenSource, wall_s: float) -> tuple[str, float | None]:
    try:
        document = json.loads(text)
    except ValueError:
        raise TokenError("the answer begins like JSON and is none") from None
    token = _at(document, source.field)
    if not isinstance(token, str) or not token.strip():
        raise TokenError(f"the answer has no text at {source.field} (token.field says where the token is)")
    return token, _seconds(_at(document, source.expiry_field), wall_s)


def _at(document: Any, place: str) -> Any:
    for name in place.split("."):
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _left_by_claims(token: Secret, wall_s: float) -> float | None:
    claims = claims_of(token)
    return None if claims is None else _seconds(claims.get("exp"), wall_s, moment=True)


def _seconds(value: object, wall_s: float, *, moment: bool = False) -> float | None:
    """Return a length in seconds from a length or a moment; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number - wall_s if moment or number >= _MOMENTS_FROM_S else number
