"""Every rule about fields, feeders and expectations that a plan can break, and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.core.errors import InputError
from loadgen.core.redact import Redactor
from loadgen.plan.load import Inputs, load_plan
from loadgen.plan.model import Kind
from loadgen.run.rows_enough import refuse_short_feeders

if TYPE_CHECKING:
    from pathlib import Path

    from loadgen.plan.model import Plan


def _plan(tmp_path: Path, text: str, kind: Kind = Kind.RUN, profile: str | None = None, **flags: object) -> Plan:
    file = tmp_path / "plan.toml"
    file.write_text(
        'base_url = "http://127.0.0.1:1"\nduration = "1s"\nrate = 10\n' + text.replace("DIR", str(tmp_path))
    )
    (tmp_path / "users.csv").write_text('id,name\n1,Ann\n2,"Two\nlines"\n')
    environ = {"ALLOWED_HOSTS": "127.0.0.1", "MAX_RATE": "15"}
    return load_plan(kind, profile, flags, Inputs(environ, tmp_path, plan_file=file), processors=1)[1]


def _problems(tmp_path: Path, text: str, kind: Kind = Kind.RUN, profile: str | None = None) -> list[str]:
    with pytest.raises(InputError) as refused:
        _plan(tmp_path, text, kind, profile)
    return [str(problem) for problem in refused.value.problems]


FEEDER = '[feeder.users]\nfile = "DIR/users.csv"\n'


def test_all_that_is_wrong_with_requests_is_said_at_once(tmp_path: Path) -> None:
    text = FEEDER + (
        '[[target]]\nurl = "/${users.nope}"\nheaders = { X = "${users.name}", Content-Length = "3" }\n'
        "body = '{\"a\": ${users.name}}'\n"
        '[[target]]\nurl = "/b"\nmethod = "HEAD"\nexpect = ["contains a", "status 200"]\ncookies = true\n'
        'headers = { Cookie = "a=b" }\n'
        '[[target]]\nurl = "/c/${others.id}"\n'
        "[feeder.idle]\nfile = 'DIR/users.csv'\n"
    )

    assert _problems(tmp_path, text) == [
        "target /${users.nope}, fields: ${users.nope}: no column 'nope': users has id, name",
        "target /${users.nope}, fields: ${users.name}, row 2 of users: 'Two\\nlines' has a line break or control "
        "character, which cannot go into a header",
        "target /${users.nope}, fields: ${users.name}, row 1 of users: 'Ann' is no JSON value: "
        "put the field between double quotes",
        "target /${users.nope}, headers: Content-Length is counted for each request: remove '3'",
        "target /c/${others.id}, fields: ${others.id}: no feeder 'others': there are users, idle",
        "feeder idle, rows: no request has a field of it",
        "target HEAD /b, expect = 'contains a': an answer to HEAD has no body: ask with GET, or expect something else",
        "target HEAD /b, cookies: has a Cookie header and keeps cookies of its own: give one of the two",
    ]


def test_what_is_wrong_with_a_target_named_like_a_secret_is_not_masked(tmp_path: Path) -> None:
    text = FEEDER.replace("users", "token") + (
        '[[target]]\nurl = "/cookie"\nbody = "${index"\n'
        '[[target]]\nname = "password"\nurl = "/${others.id}"\ncookies = true\nheaders = { Cookie = "a=b" }\n'
        '[[target]]\nurl = "/token"\nmethod = "HEAD"\nexpect = "contains a"\n'
    )

    problems = _problems(tmp_path, text.replace("token.csv", "users.csv"))

    assert [Redactor().text(problem) for problem in problems] == problems


def test_a_feeder_that_cannot_be_read_is_one_problem(tmp_path: Path) -> None:
    text = '[feeder.users]\nfile = "DIR/none.csv"\n[[target]]\nurl = "/${users.id}"\n'
    (tmp_path / "bad.csv").write_text("id,id\n1,2\n")

    with pytest.raises(InputError) as by_flag:
        _plan(tmp_path, text, feeder=f"users={tmp_path}/bad.csv")

    assert _problems(tmp_path, text) == ["feeder.users (plan.toml): cannot read none.csv: No such file or directory"]
    (problem,) = by_flag.value.problems
    assert problem.remedy == "bad.csv: line 1: every column has a name of its own there"


def test_a_body_without_its_brace_is_one_problem(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        _plan(tmp_path, '[[target]]\nurl = "/a"\n[[target]]\nurl = "/b"\n', body="${x")

    assert list(map(str, refused.value.problems)) == ["--body: a ${ without its }: write $${ for a plain ${"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ('url = "http://${users.id}/a"', "a field stands in the path or the query"),
        ('url = "/${what}"', r"${what}: unknown; fields are"),
        ('url = "/a"\nbody = "${"', "a ${ without its }"),
        ('url = "/a"\nquery = [1]', "write a query as a table"),
        ('url = "/a"\nquery = { a = "${x" }', "a ${ without its }"),
        ('url = "/a"\nexpect = { a = 1 }', "a rule is a text"),
        ('url = "/a"\nexpect = "status 2000"', "'2000' is no status"),
        ('url = "/a"\nfollow = 21', "at most 20 redirects"),
        ('url = "/a"\nfollow = true', "a whole number from 0 to 20"),
        ('url = "/a"\ncookies = "yes"', "write true or false"),
    ],
)
def test_a_target_that_is_none_is_named(tmp_path: Path, target: str, said: str) -> None:
    problems = _problems(tmp_path, f"[[target]]\n{target}\n")
    assert len(problems) == 1
    assert problems[0].startswith("plan.toml: target 1.")
    assert said in problems[0]


def test_a_target_has_its_fields_rules_and_query(tmp_path: Path) -> None:
    text = FEEDER + (
        '[[target]]\nurl = "/a?x=1"\nquery = { "b c" = "${index} & ü", d = true }\ncompressed = true\nfollow = 2\n'
        'headers = { X = "$${plain}" }\nexpect = ["status 2xx,404", "json $.a"]\n'
        '[[target]]\nurl = "/${users.id}"\n'
    )

    first, second = (plan := _plan(tmp_path, text)).load.targets

    assert first.url == "http://127.0.0.1:1/a?x=1&b%20c=${index}%20%26%20%C3%BC&d=true"
    assert (first.templated, first.follow, first.cookies) == (True, 2, False)
    assert [(header.name, header.value) for header in first.headers] == [
        ("X", "$${plain}"),
        ("Accept-Encoding", "gzip, deflate"),
    ]
    assert (first.expected, first.expected_given) == ((2, 4), True), "preflight takes a 404 as the rule does"
    assert second.templated
    assert [feeder.name for feeder in plan.load.feeders] == ["users"]


def test_flags_shape_every_target_and_replace_feeders(tmp_path: Path) -> None:
    (tmp_path / "more.csv").write_text("id\n7\n8\n9\n")
    text = FEEDER + '[[target]]\nurl = "/${users.id}"\nexpect = ["status 200"]\n'

    plan = _plan(
        tmp_path,
        text,
        feeder=(f"users={tmp_path}/more.csv",),
        expect=("status 200", "lacks x"),
        follow="3",
        cookies=True,
    )

    (target,) = plan.load.targets
    assert [rule.name for rule in target.expect] == ["status 200", "lacks x"]
    assert (target.follow, target.cookies) == (3, True)
    assert plan.load.feeders[0].count == 3


def test_rows_used_once_must_last_for_warm_up_and_load(tmp_path: Path) -> None:
    text = '[feeder.users]\nfile = "DIR/users.csv"\npolicy = "once"\n[[target]]\nurl = "/${users.id}"\n'
    refuse_short_feeders(
        _plan(tmp_path, "requests = 2\n".join(["", text]).replace('duration = "1s"', ""), requests="2")
    )

    with pytest.raises(InputError, match="has 2 rows and the load, warm-up included, takes 30"):
        refuse_short_feeders(_plan(tmp_path, text, warmup="2s"))
    with pytest.raises(InputError, match="a closed load has no end of its own: give --requests"):
        refuse_short_feeders(_plan(tmp_path, text.replace("rate = 10", ""), closed="true", duration="1s"))
    assert "a search has many steps" in _problems(tmp_path, text, Kind.CAPACITY)[-1]


def test_a_warm_up_has_the_first_numbers(tmp_path: Path) -> None:
    plan = _plan(tmp_path, FEEDER + '[[target]]\nurl = "/${users.id}"\n', warmup="2500ms")

    assert plan.warmup is not None
    assert (plan.warmup.first_index, plan.load.first_index) == (0, 25)


def test_in_production_redirects_count_towards_the_highest_rate(tmp_path: Path) -> None:
    problems = _problems(tmp_path, '[[target]]\nurl = "/a"\nfollow = 1\n', profile="production")

    assert any("at most 15/s" in text and "may follow 1 redirects" in text for text in problems)


def test_what_lives_on_a_connection_needs_one_that_lives(tmp_path: Path) -> None:
    problems = _problems(tmp_path, 'no_keepalive = true\n[[target]]\nurl = "/a"\ncookies = true\n')

    assert [text for text in problems if "let it live longer" in text]


def test_more_than_a_message_can_hold_is_refused(tmp_path: Path) -> None:
    import random

    cells = "\n".join(f"{random.Random(number).getrandbits(400):x}" for number in range(120_000))
    (tmp_path / "big.csv").write_text("id\n" + cells)

    text = '[feeder.users]\nfile = "DIR/big.csv"\n[[target]]\nurl = "/${users.id}"\n'
    (problem,) = _problems(tmp_path, text)
    assert problem.startswith("feeders = 'users': take ")
    assert problem.endswith("more than 5,000,000: leave out rows or columns")
