"""A job is chosen by a regular expression that Prometheus can read, whose RE2 is not Python's `re`."""

from __future__ import annotations

import subprocess
import warnings
from typing import TYPE_CHECKING

import orjson
import pytest

from reports.analysis.rules.job_expression import fault
from tests.support.debian import program

if TYPE_CHECKING:
    from pathlib import Path

READ_BY_BOTH = [
    "", "api", "api|web-.*", r"\d{1,3}?", "a{1000}", "(?:a)(b)(?P<n>c)", "(?i)a", "(?s-i:a)(?-m:b)", r"\ba\.b\_\x41\0$",
    r"[]\d\]a^-]+[^]x]", r"\\d", "[(?=]x", r"a\{1001\}", "a}+", "a{x}", "é", "[*+]+",
]  # fmt: skip
REFUSED = [
    ("a(?=b)", "does not know (?="), ("a(?!b)", "does not know (?!"), ("(?<=a)b", "does not know (?<="),
    (r"\\(?<!a)b", "does not know (?<!"), ("(?>a)", "does not know (?>"), ("(?#x)a", "does not know (?#"),
    ("(?x)a", "does not know (?x)"), ("(?a)b", "does not know (?a)"), (r"(a)\1", r"does not know \1"),
    ("(?P<n>a)(?P=n)", "does not know (?P="), ("(?P<é>a)", "does not know (?P<é>"),
    ("(a)?(?(1)b)", "does not know (?("),
    (r"a\Z", r"does not know \Z"), (r"\u0041", r"does not know \u"), (r"\é", r"does not know \é"),
    (r"[\b]", r"does not know \b in [...]"), ("a*+", "*+: leave the last + out"),
    ("a{2}+", "{2}+: leave the last + out"),
    ("a{1001}", "at most 1000 times"), ("a{2,1001}", "at most 1000 times"), ("a{,3}", "as it stands: write {0,3}"),
    ("api(", "(missing ), unterminated subpattern"), ("[[:alpha:]]", "(Possible nested set"),
    ("a\nb", "cannot be printed"), ("\udcff", "cannot be printed"),
]  # fmt: skip


def test_what_is_accepted_is_accepted_by_promtool(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert {text: fault(text) for text in READ_BY_BOTH if fault(text)} == {}
    found = [{"record": f"a:b{at}", "expr": f"up{{job=~{_quoted(text)}}}"} for at, text in enumerate(READ_BY_BOTH)]
    rules = tmp_path / "rules.yml"
    rules.write_bytes(orjson.dumps({"groups": [{"name": "jobs", "rules": found}]}))
    done = subprocess.run([program("promtool"), "check", "rules", str(rules)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_prometheus_would_refuse_is_refused_with_what_it_lacks(text: str, told: str) -> None:
    assert told in fault(text)


def _quoted(text: str) -> str:
    return orjson.dumps(text).decode()
