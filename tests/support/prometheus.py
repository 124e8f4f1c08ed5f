"""A real Prometheus server on loopback."""

from __future__ import annotations

import contextlib
import socket
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@contextlib.contextmanager
def prometheus(
    directory: Path, target: str, path: str = "/metrics", interval: str = "1s", *, rules: Sequence[str] = ()
) -> Iterator[str]:
    """Run a server that scrapes `path` of `target` once an interval and evaluates rule files; yield its base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = directory / "prometheus.yml"
    config.write_text(
        f"global: {{scrape_interval: {interval}}}\nrule_files: {list(rules)}\nscrape_configs:\n  - job_name: api\n"
        f"    metrics_path: {path}\n    static_configs: [{{targets: ['{target}']}}]\n"
    )
    process = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}",
         f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"],
    )  # fmt: skip
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)
