"""One baseline of the demo service, shared by every test that only looks at it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.processes import Service, against, loadgen, run_directory, service

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class Baseline:
    """A finished run: what the command said, where it wrote, what the service counted."""

    result: subprocess.CompletedProcess[str]
    path: Path
    served: int

    def json(self, name: str) -> Any:
        return json.loads((self.path / name).read_text())


@pytest.fixture(scope="session")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Baseline:
    """A whole baseline at the default rate and concurrency with three short samples."""
    cwd = tmp_path_factory.mktemp("baseline")
    with service("loadgen.demo") as demo:
        before = demo.served()
        result = loadgen(*against(demo, "--exercise", "--samples", "3", "--interval", "4s", "--warmup", "1s"), cwd=cwd)
        return Baseline(result, run_directory(cwd), demo.served() - before)


@pytest.fixture
def demo() -> Iterator[Service]:
    """A demo service of one's own."""
    with service("loadgen.demo") as running:
        yield running
