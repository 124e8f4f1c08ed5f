"""Pages of docs/: their code blocks, commands, queries and links."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
RUNBOOKS = sorted(path for path in (DOCS / "runbooks").glob("*.md") if path.name != "README.md")
INDEX = DOCS / "runbooks" / "README.md"
DRILLS = sorted(DOCS.glob("TABLETOP-DRILL-*.md"))
OPERATIONS = (INDEX, *RUNBOOKS, DOCS / "RUNBOOK.md", *DRILLS, DOCS / "DECISIONS.md", DOCS / "METRICS_GUIDE.md")
SHOWN_URL = "http://127.0.0.1:8901"
SHOWN_RUN = "phase5-prod-20260301-120000"
_EXIT = re.compile(r"\s+# exit code (\d+).*$")


@dataclass(frozen=True, slots=True)
class Shown:
    """One command of a page with the exit code that the page says it has."""

    page: str
    line: str
    exit_code: int

    @property
    def asks_the_service(self) -> bool:
        return SHOWN_URL in self.line


def blocks(path: Path, language: str) -> list[str]:
    """Return the code blocks of a language, without the indent of the list they stand in."""
    found = re.findall(rf"^([ ]*)```{language}\n(.*?)^\1```", path.read_text(), re.DOTALL | re.MULTILINE)
    return [textwrap.dedent(text) for _, text in found]


def commands(path: Path) -> list[Shown]:
    """Return the lines of every console block."""
    lines = [line for block in blocks(path, "console") for line in block.splitlines() if line.strip()]
    return [
        Shown(path.name, _EXIT.sub("", line), int(told[1]) if (told := _EXIT.search(line)) else 0) for line in lines
    ]


def all_commands(paths: tuple[Path, ...] = OPERATIONS) -> list[Shown]:
    """Return each command once, in the order of the pages; the same line must end the same way everywhere."""
    found: dict[str, Shown] = {}
    for shown in (shown for path in paths for shown in commands(path)):
        first = found.setdefault(shown.line, shown)
        assert first.exit_code == shown.exit_code, f"{shown.line}: {first.page} and {shown.page} do not agree"
    return list(found.values())


def queries(path: Path) -> list[str]:
    """Return the expressions of every PromQL block; an empty line parts them."""
    return [part.strip() for block in blocks(path, "promql") for part in re.split(r"\n\s*\n", block) if part.strip()]


def links(path: Path) -> list[str]:
    """Return the targets of every link that stays in the repository."""
    found = re.findall(r"\[[^\]]+\]\(([^)\s]+)\)", path.read_text())
    return [target for target in found if not target.startswith(("http://", "https://"))]


def anchors(path: Path) -> set[str]:
    """Return the anchors that the headings of a page make."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def sections(path: Path) -> dict[str, str]:
    """Return the text below each second-level heading, in order."""
    parts = re.split(r"^## (.+)\n", path.read_text(), flags=re.MULTILINE)
    return {title: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def header(path: Path) -> dict[str, str]:
    """Return the fields of a page's header, each on one line."""
    above = path.read_text().split("\n## ")[0]
    items = re.findall(r"^- \*\*(.+?):\*\* (.*(?:\n  .+)*)", above, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in items}
