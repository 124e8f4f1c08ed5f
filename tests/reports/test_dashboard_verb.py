"""`report dashboard` writes, compares and pushes; the push goes to a server that behaves as Grafana's API does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from loadgen.core.errors import InputError, LoadgenError
from reports.cli import report
from tests.support.authority import self_signed, server_context
from tests.support.grafana import EDITOR, VIEWER, grafana
from tests.support.rule_terms import facts

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def one_process_for_each_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the observer once for what a profile says, since each time is a process."""
    monkeypatch.setattr("reports.verbs.drawing.metric_facts", lambda profile, _: facts(profile))


def dashboard(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(report, ["dashboard", *arguments], env=environment, standalone_mode=False)


def push(url: str, *arguments: str, token: str = EDITOR) -> Result:
    return dashboard("push", "--grafana-url", url, *arguments, GRAFANA_TOKEN=token)


def complaint(result: Result) -> str:
    assert isinstance(result.exception, LoadgenError), result.output
    assert int(result.exception.exit_code) == 2
    return str(result.exception)


def test_without_a_file_it_is_printed() -> None:
    result = dashboard("--title", "Mine")
    assert result.return_value == 0
    assert json.loads(result.stdout)["title"] == "Mine"


def test_it_is_written_with_its_directory_and_then_found_unchanged(tmp_path: Path) -> None:
    place = tmp_path / "new" / "d.json"
    assert dashboard("--out", str(place)).return_value == 0
    assert place.read_text() == (ROOT / "ops" / "grafana" / "dashboards" / "phase5.json").read_text()
    result = dashboard("--out", str(place), "--check")
    assert (result.return_value, result.stdout) == (0, f"{place}: as it is generated\n")


def test_a_file_that_was_changed_by_hand_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "d.json"
    place.write_text("{}")
    result = dashboard("--out", str(place), "--check")
    assert result.return_value == 1
    assert f"write it again with loadgen report dashboard --out {place}" in result.stderr
    assert place.read_text() == "{}"


def test_what_the_profile_lacks_is_told_beside_the_document() -> None:
    result = dashboard("--profile", "prometheus-http")
    assert json.loads(result.stdout)["uid"] == "loadgen-prometheus-http"
    assert "left out Redis GET p95: the profile prometheus-http has no redis_operation" in result.stderr


@pytest.mark.parametrize("uid", ["a b", "x" * 41, "é"])
def test_a_uid_that_grafana_would_not_take_is_refused(uid: str) -> None:
    assert "at most 40 letters, digits, - and _" in complaint(dashboard("--uid", uid))


def test_an_option_that_would_be_without_effect_is_refused() -> None:
    result = dashboard("--title", "x", "push", "--dry-run", "--grafana-url", "http://127.0.0.1:1")
    assert "--title must stand after push" in str(result.exception)


def test_a_push_stores_the_dashboard_and_says_where() -> None:
    with grafana() as server:
        result = push(server.url, "--message", "after the change")
        assert result.return_value == 0, result.exception
        stored = server.stored["loadgen-metasheet"]
    assert result.stdout == f"stored as version 1: {server.url}/d/loadgen-metasheet/x\n"
    assert server.tokens == [f"Bearer {EDITOR}"]
    assert (stored["title"], stored["folder"]) == ("Metasheet backend: service levels", "")
    assert stored["message"] == "after the change"
    assert stored["id"] is None
    assert len(stored["panels"]) > 25


def test_a_second_push_replaces_the_first() -> None:
    with grafana() as server:
        push(server.url)
        result = push(server.url, "--title", "Changed")
    assert "stored as version 2" in result.stdout
    assert server.stored["loadgen-metasheet"]["title"] == "Changed"


def test_a_push_goes_into_a_folder_and_below_a_path() -> None:
    with grafana("/grafana") as server:
        server.folders.add("slo")
        result = push(server.url + "/", "--folder", "slo")
    assert result.stdout == f"stored as version 1: {server.url}/d/loadgen-metasheet/x\n"
    assert server.stored["loadgen-metasheet"]["folder"] == "slo"


def test_the_token_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(EDITOR + "\n")
    with grafana() as server:
        result = push(server.url, "--token-file", str(file), token="")
    assert result.return_value == 0
    assert server.tokens == [f"Bearer {EDITOR}"]


def test_address_and_token_may_come_from_an_env_file(tmp_path: Path) -> None:
    with grafana() as server:
        file = tmp_path / "env"
        file.write_text(f"GRAFANA_URL={server.url}\nGRAFANA_TOKEN={EDITOR}\n")
        result = dashboard("push", "--env-file", str(file))
    assert result.return_value == 0, result.exception


def test_a_dry_run_prints_the_request_without_the_token_and_sends_nothing() -> None:
    with grafana() as server:
        result = push(server.url, "--dry-run", "--folder", "slo")
    head, _, body = result.stdout.partition("\n\n")
    assert head.splitlines() == [
        f"POST {server.url}/api/dashboards/db", "Content-Type: application/json", "Authorization: Bearer ***",
    ]  # fmt: skip
    assert (server.tokens, server.stored) == ([], {})
    request = json.loads(body)
    assert (request["overwrite"], request["folderUid"]) == (True, "slo")
    assert request["dashboard"]["uid"] == "loadgen-metasheet"
    assert EDITOR not in result.output
    assert EDITOR[-4:] not in head


def test_a_dry_run_needs_no_token() -> None:
    result = push("http://127.0.0.1:1", "--dry-run", token="")
    assert "Authorization: none: GRAFANA_TOKEN is not set" in result.stdout


REFUSALS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "a token that is not accepted": (
        "glsa_other_0123456789", (), "401 (Invalid API key): the token is not accepted",
    ),
    "a token without the right": (VIEWER, (), "its service account needs the role Editor"),
    "a folder that is not there": (
        EDITOR, ("--folder", "gone"), "404 (folder not found): there is no folder with the uid gone",
    ),
    "a title that is taken": (
        EDITOR, ("--uid", "second"),
        "412 (a dashboard with the same name exists): another dashboard of that folder has this title",
    ),
    "a dashboard from a file": (
        EDITOR, ("--uid", "filed", "--title", "Filed"), "Grafana reads this dashboard from a file",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSALS)
def test_each_refusal_of_grafana_says_what_to_do(case: str) -> None:
    token, arguments, expected = REFUSALS[case]
    with grafana() as server:
        push(server.url)
        server.provisioned.add("filed")
        result = push(server.url, *arguments, token=token)
    said = complaint(result)
    assert said.startswith("not stored, Grafana answered 4"), said
    assert expected in said
    assert EDITOR not in said + result.output


OTHERS: dict[str, tuple[int, dict[str, str], bytes, str]] = {
    "changed meanwhile": (412, {}, b'{"message": "x", "status": "version-mismatch"}', "push again"),
    "a plugin's": (412, {}, b'{"message": "x", "status": "plugin-dashboard"}', "belongs to a plugin"),
    "a precondition of its own": (412, {}, b"{}", "a precondition failed"),
    "busy": (503, {}, b"<html>busy</html>", "answered 503: try again later"),
    "limited": (429, {}, b"", "answered 429: try again later"),
    "somewhere else": (302, {"Location": "/login"}, b"", "a redirect is not followed"),
    "not Grafana": (200, {}, b"<html>hello</html>", "answers 200 but not as Grafana does"),
    "no API there": (404, {}, b"", "there is no Grafana API at"),
    "not accepted": (400, {}, b'{"message": "bad"}', "400 (bad): the dashboard is not accepted as it is"),
    "a teapot": (418, {}, b"[]", "this is no answer of Grafana's"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_whatever_else_comes_back_is_no_success(case: str) -> None:
    status, headers, body, expected = OTHERS[case]
    with grafana() as server:
        server.instead = (status, headers, body)
        result = push(server.url)
    assert expected in complaint(result)


def test_a_redirect_never_takes_the_token_along() -> None:
    with grafana() as elsewhere, grafana() as server:
        server.instead = (302, {"Location": elsewhere.url + "/api/dashboards/db"}, b"")
        result = push(server.url)
    assert f"give {elsewhere.url}/api/dashboards/db" in complaint(result)
    assert elsewhere.tokens == []


def test_a_grafana_that_is_not_there_is_told_without_the_token() -> None:
    said = complaint(push("http://127.0.0.1:1"))
    assert re.search(r"^http://127\.0\.0\.1:1/api/dashboards/db: no answer \(.*refused\)", said), said
    assert EDITOR not in said


def test_over_tls_the_token_goes_only_to_who_proves_to_be_grafana(tmp_path: Path) -> None:
    pem, key = self_signed(tmp_path, "grafana", "IP:127.0.0.1")
    with grafana(tls=server_context(pem, key)) as server:
        assert "CERTIFICATE_VERIFY_FAILED" in complaint(push(server.url))
        assert server.tokens == []
        assert push(server.url, "--cacert", str(pem)).return_value == 0
        assert "stored as version 2" in push(server.url, "--insecure").stdout


def test_every_problem_of_the_input_is_named_at_once(tmp_path: Path) -> None:
    result = dashboard(
        "push", "--grafana-url", "ftp://grafana", "--token-file", str(tmp_path / "none"), "--cacert",
        str(tmp_path / "ca"),
    )  # fmt: skip
    assert isinstance(result.exception, InputError)
    assert [problem.key.split()[0] for problem in result.exception.problems] == [
        "--grafana-url", "--token-file", "--cacert",
    ]  # fmt: skip


def test_a_token_that_is_missing_is_named_beside_an_address_that_is_wrong() -> None:
    result = dashboard("push", "--grafana-url", "grafana:3000")
    assert isinstance(result.exception, InputError)
    assert [problem.key for problem in result.exception.problems] == ["--grafana-url", "GRAFANA_TOKEN"]


ADDRESSES = {
    "": "missing: give it, or GRAFANA_URL in the environment",
    "https://<grafana-host>": "still a placeholder",
    "grafana:3000": "write an absolute http or https URL",
    "http://grafana:99999": "write an absolute http or https URL",
    "http://grafana/?orgId=1": "without ? and #",
    "http://me:pass-word@grafana": "take the credentials out",  # not-a-secret
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_cannot_be_used_is_refused(address: str) -> None:
    said = complaint(push(address, "--dry-run"))
    assert ADDRESSES[address] in said
    assert "pass-word" not in said


@pytest.mark.parametrize(
    ("token", "expected"),
    [("", "put a service account's token into GRAFANA_TOKEN"), ("<service-account-token>", "still a placeholder"),
     ("two words", "one word of printable ASCII")],
    ids=["missing", "placeholder", "no token"],
)  # fmt: skip
def test_a_token_that_cannot_be_used_is_refused_before_anything_is_sent(token: str, expected: str) -> None:
    with grafana() as server:
        said = complaint(push(server.url, token=token))
    assert expected in said
    assert server.tokens == []


def test_a_token_in_clear_over_the_network_is_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise LoadgenError("not sent in a test")

    monkeypatch.setattr("reports.verbs.pushing.send", refused)
    assert "the token goes over the network in clear" in push("http://grafana.example").stderr
    assert "in clear" not in push("https://grafana.example").stderr
    assert os.environ.get("GRAFANA_TOKEN") is None
