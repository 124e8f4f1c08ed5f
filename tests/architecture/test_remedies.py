"""What a message tells the user to do comes through the masking that every message goes through."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from loadgen.core.secret_shapes import mask_shapes
from tests.architecture.test_sizes import FILES, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_ASKING = ("write ", "give ", "put ", "remove ", "correct ", "set ", "lower ", "raise ")


def _texts(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    parts = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "VALUE" for one in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | docstrings:
            yield node.value


def test_no_remedy_reads_like_a_secret_that_is_masked_away() -> None:
    """`put them` behind `password:` came out as `*** them`."""
    remedies = [(path, text) for path in FILES for text in _texts(path) if any(asking in text for asking in _ASKING)]
    garbled = {str(path.relative_to(ROOT)): mask_shapes(text) for path, text in remedies if mask_shapes(text) != text}

    assert len(remedies) > 200
    assert garbled == {}
