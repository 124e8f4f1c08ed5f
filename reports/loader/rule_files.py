"""Read a Prometheus rules file back, whoever wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from loadgen.core.errors import InputError, Problem
from reports.loader.fields import Fields
from reports.model.rule import WrittenRule

if TYPE_CHECKING:
    from pathlib import Path


def read_rule_file(path: Path) -> list[WrittenRule]:
    """Return the rules of a file; raise InputError when it cannot be read or is no rules file."""
    try:
        document = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        remedy = f"cannot be read ({why}): write it with `loadgen report rules`"
        raise InputError([Problem("rules file", str(path), remedy)]) from error
    except yaml.YAMLError as error:
        raise InputError(
            [Problem("rules file", str(path), f"is not YAML ({error}): mend it or write it again")]
        ) from error
    fields = Fields(document if isinstance(document, dict) else {})
    found = [_rule(rule) for group in fields.each("groups") for rule in group.each("rules")]
    if fields.complaints or not found:
        why = "; ".join(fields.complaints) or "it has no groups of rules"
        raise InputError([Problem("rules file", str(path), f"is no rules file ({why}): mend it or write it again")])
    return found


def _rule(rule: Fields) -> WrittenRule:
    alert = rule.text("alert")
    return WrittenRule(alert or rule.text("record"), rule.text("expr"), rule.described("labels"), bool(alert))
