from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.plan.imports.shell_words import commands


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("curl http://h/", [["curl", "http://h/"]]),
        ("curl 'a b' \"c d\" e\\ f", [["curl", "a b", "c d", "e f"]]),
        ("curl -H 'A: b' \\\n  http://h/", [["curl", "-H", "A: b", "http://h/"]]),
        ("curl a ;\ncurl b &\ncurl c", [["curl", "a"], ["curl", "b"], ["curl", "c"]]),
        ("# a comment\ncurl http://h/#part # another", [["curl", "http://h/#part"]]),
        (r"curl $'it\'s \u0021 \x41\n\101'", [["curl", "it's ! A\nA"]]),
        (r'''curl "say \"hi\" \$5 \x"''', [["curl", 'say "hi" $5 \\x']]),
        ("curl pre'fix'\"ed\"", [["curl", "prefixed"]]),
        ("curl ''", [["curl", ""]]),
        ("curl 'a\\\nb' \"c\\\nd\" e\\\nf", [["curl", "a\\\nb", "cd", "ef"]]),
    ],
)
def test_commands_are_split_as_a_shell_does(text: str, words: list[list[str]]) -> None:
    assert commands(text) == words


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("curl 'http://h/", "a quote is not closed"),
        ("curl $TOKEN", "filled in by a shell"),
        ('curl "Bearer ${TOKEN}"', "filled in by a shell"),
        ("curl $(cat url)", "filled in by a shell"),
        ("curl `cat url`", "filled in by a shell"),
        ("curl http://h/ > out", "redirects"),
    ],
)
def test_what_only_a_shell_can_know_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        commands(text)


@given(st.lists(st.text(), min_size=1))
def test_words_quoted_by_the_standard_library_come_back(words: list[str]) -> None:
    assert commands(" ".join(shlex.quote(word) for word in words)) == [words]
