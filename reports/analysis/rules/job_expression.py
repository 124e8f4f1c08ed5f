"""Regular expressions that choose jobs: Prometheus reads them with RE2, which lacks much of what Python's `re` has.

Law: what is accepted here both read, and alike, since the cases of the alerts are made up with Python's reading.
"""

from __future__ import annotations

import re
import warnings

MOST_REPEATS = 1000
_TOKEN = re.compile(
    r"\\(?P<escape>.)"
    r"|\[\^?(?P<members>\]?(?:\\.|[^\]\\])*)\]"
    r"|\((?P<group>\?(?:P<[^>]*>|P=|<.|[a-zA-Z-]+[:)]|.))"
    r"|(?:[*+?]|\{\d*(?:,\d*)?\})(?P<possessive>\+)"
    r"|\{(?P<least>\d*)(?:,(?P<most>\d*))?\}",
    re.DOTALL,
)
_ESCAPES = set("AaBbDdfnrSstvWwxz0")
_GROUPS = re.compile(r"\?(?::|P<\w+>|[ims]+(?:-[ims]+)?[:)]|-[ims]+:)", re.ASCII)


def fault(text: str) -> str:
    """Return what keeps a regular expression from being read by Python and RE2 alike; empty when nothing does."""
    if not text.isprintable():
        return "has a character that cannot be printed"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", FutureWarning)
            re.compile(text)
    except (re.error, FutureWarning, OverflowError, RecursionError) as error:
        return f"is no regular expression that Python and Prometheus both read ({error})"
    found = next((reason for token in _TOKEN.finditer(text) if (reason := _lacking(token))), "")
    return f"is not one for Prometheus, whose RE2 {found}" if found else ""


def _lacking(token: re.Match[str]) -> str:
    """Return what RE2 says against one part of an expression."""
    whole, escape, group = token[0], token["escape"], token["group"]
    inside = re.findall(r"\\(.)", token["members"] or "", re.DOTALL)
    unknown = [one for one in [*inside, *(escape or "")] if not _known(one)]
    if unknown or "b" in inside:
        return f"does not know \\{unknown[0] if unknown else 'b'}" + (" in [...]" if inside else "")
    if group and not _GROUPS.fullmatch(group):
        return f"does not know {whole}"
    if token["possessive"]:
        return f"does not know {whole}: leave the last + out"
    if token["least"] == "":
        return f"takes {whole} as it stands: write {{0,{token['most'] or ''}}}"
    if max(int(token["least"] or 0), int(token["most"] or 0)) > MOST_REPEATS:
        return f"repeats at most {MOST_REPEATS} times"
    return ""


def _known(escaped: str) -> bool:
    return escaped in _ESCAPES or (escaped.isascii() and not escaped.isalnum())
