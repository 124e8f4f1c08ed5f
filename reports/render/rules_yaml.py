"""Rules as the YAML that Prometheus reads: stable order, expressions of several lines as blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from loadgen.notify.alert import Severity
from loadgen.notify.response import response_to
from reports.model.rule import Alert, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reports.model.rule import Group

INTERVAL = "1m"
HEADER = "# Written by `loadgen report rules`; change thresholds or profile and write it again.\n"


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, indents lists, and writes again what stands in two places."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def to_yaml(document: Any) -> str:
    """Return a document as YAML, keys in the order in which they stand."""
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=1_000, allow_unicode=True)


def rules_yaml(groups: Iterable[Group], runbook_base: str) -> str:
    """Return a rules file; `runbook_base` is the directory or URL in which the runbooks stand."""
    document = {
        "groups": [
            {"name": group.name, "interval": INTERVAL, "rules": [_rule(rule, runbook_base) for rule in group.rules]}
            for group in groups
        ]
    }
    return HEADER + to_yaml(document)


def _rule(rule: Rule, runbook_base: str) -> dict[str, Any]:
    if not isinstance(rule, Alert):
        labels = {"labels": dict(sorted(rule.labels.items()))} if rule.labels else {}
        return {"record": rule.record, "expr": rule.expr, **labels}
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": rule.hold,
        "labels": {"severity": rule.severity.value, "family": rule.family.value},
        "annotations": {
            "response": response_to(Severity(rule.severity.value)).sentence,
            "summary": rule.summary,
            "description": rule.description,
            "runbook_url": f"{runbook_base.rstrip('/')}/{rule.runbook}.md",
        },
    }
