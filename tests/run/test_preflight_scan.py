"""A source tree is searched for guarded flags that are switched on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loadgen.run.preflight_scan import scan
from tests.support.checks import lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "line",
    [
        "ENABLE_FALLBACK_TEST=true",
        "export ALLOW_UNSAFE_ADMIN = 'true'",
        "ENABLE_PHASE5_INTERNAL: true",
        '"ENABLE_PHASE5_INTERNAL": "true",',
        "process.env['ALLOW_UNSAFE_ADMIN'] = True",
        "  - ENABLE_FALLBACK_TEST=TRUE",
    ],
)
def test_a_flag_that_is_set_to_true_is_found_with_its_place(tmp_path: Path, line: str) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "app.yml").write_text(f"first\n{line}\n")
    (check,) = lines(scan(tmp_path))
    assert check.startswith("FAIL scan: deploy/app.yml:2: ")
    assert check.endswith(" is true: remove it or set it to false")


@pytest.mark.parametrize(
    "line",
    ["ENABLE_FALLBACK_TEST=false", "ENABLE_FALLBACK_TEST=truest", "MY_ALLOW_UNSAFE_ADMIN=true", "ALLOW_UNSAFE_ADMIN"],
)
def test_a_flag_that_is_not_true_is_not(tmp_path: Path, line: str) -> None:
    (tmp_path / "app.env").write_text(line)
    assert lines(scan(tmp_path)) == [
        "PASS scan: 1 files, none sets ENABLE_FALLBACK_TEST, ENABLE_PHASE5_INTERNAL, ALLOW_UNSAFE_ADMIN to true"
    ]


def test_prose_binaries_links_and_generated_directories_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("ALLOW_UNSAFE_ADMIN=true")
    (tmp_path / "blob").write_bytes(b"\0ALLOW_UNSAFE_ADMIN=true")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "x.js").write_text("ALLOW_UNSAFE_ADMIN=true")
    (tmp_path / "link").symlink_to(tmp_path / "README.md")
    assert [check.status.value for check in scan(tmp_path)] == ["PASS"]
