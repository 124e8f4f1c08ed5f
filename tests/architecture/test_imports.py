"""Every module imports alone, without warnings, and the layers hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("loadgen", "observer", "reports")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
MODULES = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in FILES)
PURE = (
    "loadgen/pace",
    "loadgen/record/interval.py",
    "loadgen/core/histogram.py",
    "loadgen/core/units.py",
    "loadgen/core/wire.py",
    "loadgen/core/messages.py",
    "loadgen/run/breaker.py",
    "loadgen/run/capacity",
    "observer/exposition.py",
    "observer/series.py",
    "loadgen/core/quantile.py",
    "observer/columns.py",
    "reports/analysis",
    "reports/render",
    "reports/model",
)
IMPURE_IMPORTS = {"asyncio", "socket", "subprocess", "selectors", "ssl", "threading", "multiprocessing"}

_IMPORT_EACH_ALONE = """
import os, sys, importlib
import aiohttp, click, hdrh.histogram, httptools, numpy, orjson, prometheus_client, psutil, pydantic_settings  # noqa
import jinja2, rich.live, structlog, uvloop  # ours are imported alone: theirs cost a second each time
failed = []
for name in sys.argv[1:]:
    pid = os.fork()
    if pid == 0:
        try:
            importlib.import_module(name)
        except BaseException as error:
            print(f"{name}: {type(error).__name__}: {error}", flush=True)
            os._exit(1)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        failed.append(name)
sys.exit(bool(failed))
"""


@pytest.mark.stack
@pytest.mark.timeout(180)  # every module in a process of its own
def test_each_module_imports_alone_without_a_warning() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", _IMPORT_EACH_ALONE, *(m for m in MODULES if not m.endswith("__main__"))],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_import_contracts_hold() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def _imported_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("place", PURE)
def test_pure_code_imports_no_loop_no_socket_and_no_process(place: str) -> None:
    path = ROOT / place
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path if path.exists() else path.with_suffix(".py")]
    assert files, f"{place} is gone: mend the list"
    for file in files:
        assert not (_imported_names(file) & IMPURE_IMPORTS), file


@pytest.mark.parametrize("path", [path for path in FILES if path.parent.name == "cli"], ids=lambda path: path.name)
def test_command_modules_import_only_click_at_the_top(path: Path) -> None:
    allowed = {"click", "loadgen", "__future__"} | set(sys.stdlib_module_names)
    tree = ast.parse(path.read_text())
    for node in tree.body:
        if isinstance(node, ast.Import):
            assert all(alias.name.partition(".")[0] in allowed for alias in node.names), ast.unparse(node)
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] in allowed, ast.unparse(node)


def test_no_function_declares_a_global() -> None:
    offenders = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Global)
    ]
    assert offenders == []
