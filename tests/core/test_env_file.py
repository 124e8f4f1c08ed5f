"""Env files are read as a shell would, without expanding anything, and every bad line is reported."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.core.env_file import parse_env
from loadgen.core.env_scrub import scrub_text

KEYS = st.text(string.ascii_uppercase + "_", min_size=1, max_size=12)
PLAIN = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#'\""), max_size=20)
LINE = st.text(st.characters(exclude_characters="\n\r", codec="utf-8"), max_size=40)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("KEY=value", "value"),
        ("  KEY = value  ", "value"),
        ("export KEY=value", "value"),
        ("KEY=value # a comment", "value"),
        ("KEY=value\t# a comment", "value"),
        ("KEY=va#lue", "va#lue"),
        ("KEY=#value", "#value"),
        ("KEY= # nothing yet", ""),
        ("KEY=", ""),
        ("KEY='single # $HOME'", "single # $HOME"),
        ("KEY='single'   # a comment", "single"),
        ('KEY="double # quoted"', "double # quoted"),
        ('KEY="a \\"b\\" \\\\ \\$c \\n"', 'a "b" \\ $c \\n'),
        ("KEY=a=b=c", "a=b=c"),
        ("KEY=$HOME", "$HOME"),
        ("KEY=two words", "two words"),
        ("KEY=value\r", "value"),
        ("\ufeffKEY=value", "value"),
        ("KEY=first\nKEY=last", "last"),
    ],
)
def test_a_line_is_read_like_a_shell_reads_it(line: str, expected: str) -> None:
    parsed = parse_env(line)
    assert parsed.values == {"KEY": expected}
    assert parsed.problems == ()


def test_blank_lines_and_comments_say_nothing() -> None:
    assert parse_env("\n   \n# KEY=value\n  # more\n").values == {}


def test_every_bad_line_is_reported_with_its_number_and_without_its_value() -> None:
    parsed = parse_env('GOOD=1\nbad line\n1KEY=x\nKEY=\'s3cr3t\nOTHER="a" b\nexport\n', ".env.phase5")
    assert parsed.values == {"GOOD": "1"}
    assert [str(problem) for problem in parsed.problems] == [
        ".env.phase5 line 2: neither a comment nor a key, = and a value: correct the line or put # before it",
        ".env.phase5 line 3: neither a comment nor a key, = and a value: correct the line or put # before it",
        ".env.phase5 line 4 (KEY): the quote ' does not close, or something other than a # comment follows it",
        '.env.phase5 line 5 (OTHER): the quote " does not close, or something other than a # comment follows it',
        ".env.phase5 line 6: neither a comment nor a key, = and a value: correct the line or put # before it",
    ]


@given(st.dictionaries(KEYS, PLAIN))
def test_plain_values_come_back_as_they_were_written(values: dict[str, str]) -> None:
    text = "\n".join(f"{key}={value}" for key, value in values.items())
    assert parse_env(text).values == values


@given(st.dictionaries(KEYS, LINE.filter(lambda text: "'" not in text)))
def test_single_quotes_keep_everything(values: dict[str, str]) -> None:
    text = "\n".join(f"export {key}='{value}' # comment" for key, value in values.items())
    parsed = parse_env(text)
    assert parsed.problems == ()
    assert parsed.values == values


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_any_text_is_read_without_an_exception_and_no_line_is_lost(text: str) -> None:
    parsed = parse_env(text)
    spoken = [line for line in text.removeprefix("\ufeff").split("\n") if line.strip() and line.strip()[0] != "#"]
    assert len(parsed.values) + len(parsed.problems) <= len(spoken)
    assert bool(parsed.values or parsed.problems) == bool(spoken)


def test_scrubbing_removes_credentials_and_keeps_the_rest_byte_for_byte() -> None:
    text = (
        "# PROD_JWT=eyJold\r\nexport PROD_JWT='eyJhbGciOi.x.y' # admin\nLOAD_RATE=80 # per second\n"
        "METRICS_AUTH_HEADER=Authorization: Bearer abcd\nMETRICS_URL=https://user:pw@host/metrics\nJWT_SECRET=<secret>\n"
        "MY_TOKEN=abc\nSLACK_WEBHOOK_URL=\nCACHE_IMPL=memory"
    )
    cleaned, removed = scrub_text(text)
    assert cleaned == (
        "# PROD_JWT=\r\nexport PROD_JWT=\nLOAD_RATE=80 # per second\n"
        "METRICS_AUTH_HEADER=\nMETRICS_URL=\nJWT_SECRET=<secret>\n"
        "MY_TOKEN=\nSLACK_WEBHOOK_URL=\nCACHE_IMPL=memory"
    )
    assert removed == ("PROD_JWT", "METRICS_AUTH_HEADER", "METRICS_URL", "MY_TOKEN")


def test_scrubbing_twice_changes_nothing_more() -> None:
    cleaned, _ = scrub_text("PROD_JWT=abcdef\nLOAD_RATE=80\n")
    assert scrub_text(cleaned) == (cleaned, ())
