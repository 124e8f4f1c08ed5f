"""Mask secrets in what the observer says: a metrics page may echo anything, and notes and errors quote it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

from loadgen.core.redact import Redactor, Secret
from loadgen.core.secret_shapes import mask_shapes

if TYPE_CHECKING:
    from loadgen.core.messages import ObservePlan

T = TypeVar("T")


def redactor_for(plan: ObservePlan) -> Redactor:
    """Return a redactor that knows the secrets of a plan, the auth header's value with and without its name."""
    value = plan.auth_header.partition(":")[2].strip()
    return Redactor([Secret(text) for text in (*plan.secrets, plan.redis_url, value, value.rpartition(" ")[2]) if text])


def mask_texts(redactor: Redactor, value: T) -> T:
    """Return a copy with every text masked by its content, keys included, which may be label values.

    Numbers stay numbers under any key: a fallback reason may be called `token_expired`. Tuples become lists.
    """
    masked: Any = value
    if isinstance(value, str):
        masked = redactor.text(value)
    elif isinstance(value, dict):
        masked = {redactor.text(str(name)): mask_texts(redactor, item) for name, item in value.items()}
    elif isinstance(value, list | tuple):
        masked = [mask_texts(redactor, item) for item in value]
    return masked  # type: ignore[no-any-return]


_SAMPLE = re.compile(r"[A-Za-z_:][\w:]*(?:\{.*\})?")
_NUMBER = re.compile(r"[-+]?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|Inf|NaN)")
_MOST_SERIES = 200_000


class PageMask:
    """Masks pages of metrics that come again and again.

    The rules take most of a second for 10,000 series, during which nothing else of the process runs. What a series
    looks like does not change from page to page, only its number: one that was harmless once is not looked at again.
    Known secrets are searched for in the whole page each time, since a number may be one.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._harmless: set[str] = set()

    def __repr__(self) -> str:
        return f"<PageMask of {len(self._harmless)} harmless series>"

    def text(self, page: str) -> str:
        """Return the page as `Redactor.text` would; what is no plain sample is masked together with its neighbours."""
        masked: list[str] = []
        odd: list[str] = []
        for line in self._redactor.known(page).split("\n"):
            if not self._is_harmless(line):
                odd.append(line)
                continue
            if odd:
                masked.append(mask_shapes("\n".join(odd)))
                odd = []
            masked.append(line)
        if odd:
            masked.append(mask_shapes("\n".join(odd)))
        return "\n".join(masked)

    def _is_harmless(self, line: str) -> bool:
        series, _, number = line.rpartition(" ")
        if _NUMBER.fullmatch(number) is None:
            return False
        if series in self._harmless:
            return True
        if _SAMPLE.fullmatch(series) is None or mask_shapes(line) != line:
            return False
        if len(self._harmless) < _MOST_SERIES:
            self._harmless.add(series)
        return True
