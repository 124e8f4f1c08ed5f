"""What a secret looks like: names of fields that hold one, and texts that are one.

Laws: rules are a table, applied in order; a rule never looks at a mask again, so masking twice changes nothing; when
in doubt a text is masked, except for words of plain English after `bearer` and `basic`.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MASK = "***"

_SECRET_NAME = re.compile(r"token|secret|passw(?:or)?d|key|authorization|cookie|jwt|credential|webhook|auth_?header")
_HARMLESS_NAME = re.compile(
    r"monkey|donkey|turkey|hockey|keyboard|keyword|keyspace|keystroke|keyframe|key_pattern|sample_keys?|keys?_count"
    r"|(?:unknown|missing)_keys|tokens?_per|\w*_(?:file|path|fd|provided|present|age|expires_(?:at|in)|total|count|seconds|rate)$"
)
_PROSE = "token|auth|authentication|authorization|header|credential|scheme|realm|or|and|is|was|not"
_LINE = r"(?:b(?=\\?['\"]))?+\\?+['\"]?+)(?!\*\*\*)[^\s'\"\\](?:[^\r\n'\"\\]|\\(?!['\"]))*"
PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*)PRIVATE KEY-----")
WEBHOOKS = {
    "Slack": re.compile(r"(?i)(https?://hooks\.slack(?:-gov)?\.com/)([^\s'\"<>]+)"),
    "Discord": re.compile(r"(?i)(https?://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/)([^\s'\"<>]+)"),
}
"""Addresses that are passwords: the host's part, and the part that is secret."""
ISSUED = {
    "Slack token": re.compile(r"\bxox[abeprs]-[\w-]{10,}"),
    "GitHub token": re.compile(r"\b(?:gh[opsur]_\w{20,}|github_pat_\w{20,})"),
    "GitLab token": re.compile(r"\bglpat-[\w-]{16,}"),
    "API key of the form sk-": re.compile(r"\bsk-[\w-]{20,}"),
}
"""Tokens that issuers gave a prefix of their own."""
AWS_KEY = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}")
_SCHEME = r"\b[a-z][a-z0-9+.-]{0,30}://"
"""Bounded, as the password below: on a long line of words joined by `-` or `.` each would be read to its end."""
URL_WITH_PASSWORD = re.compile(rf"(?i)({_SCHEME})[^\s/:@'\"\[]{{0,256}}:((?!\d*(?:[/?#\s'\"]|$))[^\s'\"]{{0,4096}})@")
"""Userinfo of a URL: a colon without a port behind it begins a password, which may hold anything up to the last @."""
_QUERY_VALUE = re.compile(r"((?:[?&;][^=&;#\s]*=)|\?(?=[^=&;#\s]+(?:[&;#\s]|$)))[^&;#\s]+")
_SECRET_PARAMETERS = frozenset({"auth", "sig", "signature", "x-amz-signature", "pwd", "pass"})


def is_secret_key(key: str) -> bool:
    """Say whether a field of this name is masked: it contains token, secret, password, key, authorization, ...

    Names in which these letters mean something else (`monkey`, `key_pattern`, `jwt_file`) are not.

    >>> is_secret_key("X-Api-Key"), is_secret_key("key_pattern"), is_secret_key("monkey_token")
    (True, False, True)
    """
    return _SECRET_NAME.search(_HARMLESS_NAME.sub("", key.lower().replace("-", "_"))) is not None


def mask_address(url: str) -> str:
    """Return a URL without what in it may be a token of any name: user, password and the values of the query.

    >>> mask_address("https://me:secret@host:9090/x?match=up&t=abc#top")
    'https://***@host:9090/x?match=***&t=***#top'
    >>> mask_address("host/x?abc")
    'host/x?***'
    """
    return _QUERY_VALUE.sub(rf"\1{MASK}", mask_shapes(url))


def _mask_credentials(match: re.Match[str]) -> str:
    """Mask what follows `Bearer` or `Basic`, unless it reads as English."""
    scheme, blank, value = match.groups()
    if scheme.lower() == "basic" and value.islower() and value.isalpha() and not _is_user_and_password(value):
        return match[0]
    return f"{scheme}{blank}{MASK}"


def _is_user_and_password(value: str) -> bool:
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except ValueError:  # not base64
        return False


def _mask_assignment(match: re.Match[str]) -> str:
    """Mask the value of `name=value`, `"name": "value"` and the like when the name is one of a secret."""
    name, between, quote, value = match[1], match[2], match[3] or "", match[4]
    if value.startswith(MASK) or not (is_secret_key(name) or name.lower() in _SECRET_PARAMETERS):
        return match[0]
    return f"{name}{between}{quote}{MASK}"


_RULES: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (re.compile(rf"{PRIVATE_KEY.pattern}.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    *((pattern, rf"\1{MASK}") for pattern in WEBHOOKS.values()),
    # headers: to the end of the line or of the quotes, whatever the scheme
    (
        re.compile(r"(?i)\b((?:proxy-)?authorization\\?['\"]?\s*[:=]\s*" + _LINE),
        rf"\1{MASK}",
    ),
    (
        re.compile(r"(?i)\b((?:set-)?cookie\\?['\"]?\s*:\s*" + _LINE),
        rf"\1{MASK}",
    ),
    (re.compile(r"(?i)\b(x-[\w-]*(?:token|key|secret|auth)[\w-]*:\s*)(?!\*\*\*)[^\s'\"]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)\b(passw(?:or)?d:\s*)(?!\*\*\*)[^\s'\"]+"), rf"\1{MASK}"),
    (
        re.compile(rf"(?i)\b(bearer|basic)(\s+)(?!(?:{_PROSE})s?(?![\w~+/%-]|\.\w))([\w.~+/%-]{{4,}}=*)"),
        _mask_credentials,
    ),
    # JSON Web Tokens, whole or cut off; the dots may be percent-encoded
    (re.compile(r"eyJ[\w-]{4,}(?:(?:\.|%2[eE])[\w-]*){1,4}|eyJ[\w-]{20,}"), MASK),
    *((pattern, MASK) for pattern in ISSUED.values()),
    (AWS_KEY, MASK),
    (URL_WITH_PASSWORD, rf"\1{MASK}@"),
    (re.compile(rf"(?i)({_SCHEME})(?!\*\*\*@)[^\s/?#'\"]{{1,4096}}@"), rf"\1{MASK}@"),
    # name=value in queries, forms, environments and calls; "name": "value" in JSON and in the text of a dictionary
    (
        re.compile(
            r"(?<![\w.-])([A-Za-z_][\w.-]{0,63})(\\?['\"]\s*:\s*b?\\?(?=['\"])|\s?=\s?(?!=))(['\"]?)"
            r"((?<=['\"])(?:[^'\"\\]|\\(?!['\"]))+|(?<!['\"])[^\s&,;'\"]+)"
        ),
        _mask_assignment,
    ),
)


def mask_shapes(text: str) -> str:
    """Return the text with everything that looks like a secret replaced by `***`."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
