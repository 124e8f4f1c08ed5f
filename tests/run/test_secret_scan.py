"""What counts as a secret in a line, and which files are looked through.

Secrets are put together from pieces here, so that this file holds none.
"""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path

import pytest

from loadgen.run.secret_scan import MARKER, kinds_in, scan_paths

ROOT = Path(__file__).parents[2]
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def jwt(header: object, signature: str = LETTERS[:43]) -> str:
    return ".".join((part(header), part({"sub": "sre"}), signature))


SECRETS = {
    "private key": "-----BEGIN RSA " + "PRIVATE KEY-----",
    "JSON Web Token": f"token = {jwt({'alg': 'HS256'})!r}",
    "GitHub token": "ghp_" + LETTERS[:36],
    "GitLab token": "glpat-" + LETTERS[:20],
    "Slack token": "xoxb-" + LETTERS[:50],
    "API key of the form sk-": "sk-" + LETTERS[:20],
    "AWS access key": "AKIA" + "IOSFODNN7EXAMPLE",
    "webhook of Slack": "https://hooks.slack.com/services/" + "T01/B02/" + LETTERS[:24],
    "webhook of Discord": "https://discord.com/api/webhooks/" + "123/" + LETTERS[:24],
    "URL with a password": "postgres://app:" + "hunter22" + "@db.internal/x",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_told_by_its_kind(kind: str) -> None:
    assert list(kinds_in(f"value: {SECRETS[kind]} # there")) == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "redis://[user:password@]host", "postgres://app:<password>@db.internal/x", "https://${USER}:${PASS}@db.internal/",
        "http://me:" + "hunter22" + "@127.0.0.1:8900/", "https://me:" + "hunter22" + "@service.example/",
        "http://host:8080/a@b", "see sk-learn and the task-list", "git@github.com:owner/name",
        f"token = {jwt({'typ': 'JWT'})}", f"token = {jwt({'alg': 'HS256'}, 'c2lnbmF0dXJl')}",
        f"token = eyJ{LETTERS}.eyJx.{LETTERS}",
        "https://hooks.slack.com/services/...", "https://hooks.slack.com/services/T0/B0/short", "PROD_JWT=eyJ...",
    ],
)  # fmt: skip
def test_examples_and_look_alikes_are_none(line: str) -> None:
    assert list(kinds_in(line)) == []


def test_in_an_env_file_names_tell_secrets() -> None:
    line = "PROD_JWT=" + "abc123"
    assert list(kinds_in(line, settings=True)) == ["value of PROD_JWT"]
    assert list(kinds_in(f"export {line}", settings=True)) == ["value of PROD_JWT"]
    assert list(kinds_in(line)) == []
    for harmless in ("PROD_JWT=<token>", "PROD_JWT=", "LOAD_RATE=80", "# PROD_JWT=abc123", "JWT_FILE=token.txt"):
        assert list(kinds_in(harmless, settings=True)) == []


def test_places_and_kinds_are_told_and_never_the_text(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"one\n{SECRETS['GitHub token']}\nthree {SECRETS['Slack token']}\n")
    found = scan_paths((tmp_path,))
    assert [str(item) for item in found.findings] == [
        f"{tmp_path}/a.py:2: GitHub token",
        f"{tmp_path}/a.py:3: Slack token",
    ]
    assert LETTERS[:10] not in repr(found)


def test_a_marked_line_is_passed_over_and_counted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"x = '{SECRETS['GitHub token']}'  # {MARKER}\nplain  # {MARKER}\n")
    found = scan_paths((tmp_path / "a.py",))
    assert (found.findings, found.allowed, found.files) == ((), 1, 1)


def test_binary_files_links_and_what_was_built_are_passed_over(tmp_path: Path) -> None:
    secret = SECRETS["GitHub token"]
    (tmp_path / "picture.png").write_bytes(b"\0" + secret.encode())
    (tmp_path / "link").symlink_to("/etc/hostname")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "a.js").write_text(secret)
    found = scan_paths((tmp_path,))
    assert (found.findings, found.files, found.passed_over) == ((), 0, 1)


def test_in_a_work_tree_what_git_ignores_is_not_looked_at_and_what_is_new_is(tmp_path: Path) -> None:
    secret = SECRETS["GitHub token"]
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(".env.phase5\n")
    (tmp_path / ".env.phase5").write_text(f"PROD_JWT={secret}\n")
    (tmp_path / "new.py").write_text(secret)
    found = scan_paths((tmp_path,))
    assert [(item.path.name, item.line) for item in found.findings] == [("new.py", 1)]
    named = scan_paths((tmp_path / ".env.phase5",))
    assert [item.kind for item in named.findings] == ["GitHub token", "value of PROD_JWT"], "a named file is looked at"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert scan_paths((tmp_path / "gone",)).unread == (f"{tmp_path}/gone: No such file or directory",)


def test_a_directory_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(place: str) -> None:
        raise PermissionError(13, "Permission denied", place)

    monkeypatch.setattr("loadgen.run.secret_scan._tracked", lambda _: None)
    monkeypatch.setattr("os.scandir", refused)
    assert scan_paths((tmp_path,)).unread == (f"{tmp_path}: Permission denied",)


def test_what_a_windows_shell_wrote_is_text(tmp_path: Path) -> None:
    """Its UTF-16 has a zero in every other byte, as binary files have."""
    (tmp_path / "a.txt").write_text(f"one\n{SECRETS['GitHub token']}\n", "utf-16")
    assert [item.line for item in scan_paths((tmp_path / "a.txt",)).findings] == [2]


def test_a_file_named_as_env_files_are_is_one(tmp_path: Path) -> None:
    for name in (".env.staging", "production.env"):
        (tmp_path / name).write_text("PROD_JWT=" + "abc123")
        assert [item.kind for item in scan_paths((tmp_path / name,)).findings] == ["value of PROD_JWT"], name


def test_a_percent_encoded_password_is_no_example() -> None:
    assert list(kinds_in("postgres://app:" + "hunt%40er22" + "@db.internal/x")) == ["URL with a password"]
    assert list(kinds_in("postgres://app:%s@db.internal/%s")) == []


@pytest.mark.parametrize("piece", ["a-", "a.", "a://", "eyJ."])
def test_a_long_line_is_looked_through_once(piece: str) -> None:
    """Each word of it was read to the end of the line: minutes for this one."""
    assert list(kinds_in(piece * (200_000 // len(piece)))) == []


def test_this_repository_holds_no_secret() -> None:
    found = scan_paths((ROOT,))
    assert [str(item) for item in found.findings] == [], f"take it out, or mark a line that holds none with {MARKER}"
    assert found.files > 500
