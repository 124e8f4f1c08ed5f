"""A validation as validation.json: every key of the schema, in its order, null where there is no figure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.clock import iso_utc

if TYPE_CHECKING:
    from reports.model.validation import Assertion, Caution, Validation


def validation_body(validation: Validation) -> dict[str, Any]:
    """Return the document; whole numbers of counters are written as such."""
    configuration = validation.configuration
    return {
        "timestamp": None if validation.timestamp is None else iso_utc(validation.timestamp),
        "metrics_url": validation.metrics_url,
        "configuration": {
            "count_cache_miss_as_fallback": configuration.count_cache_miss_as_fallback,
            "thresholds_file": configuration.thresholds_file,
            "na_policy": configuration.na_policy.value,
            "environment": configuration.environment,
            "multiplier": configuration.multiplier,
            "source": configuration.source,
        },
        "percentiles": {name: _plain(asdict(item)) for name, item in validation.percentiles.items()},
        "counters": _plain(asdict(validation.counters)),
        "validation": {"fallback_taxonomy_valid": validation.taxonomy_valid},
        "warnings": [_caution(item) for item in validation.warnings],
        "assertions": [_assertion(item) for item in validation.assertions],
        "summary": {**asdict(validation.summary), "overall_status": validation.summary.overall_status.value},
    }


def validation_json(validation: Validation) -> str:
    """Return the text of validation.json."""
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(validation_body(validation), option=option).decode()


def _caution(item: Caution) -> dict[str, Any]:
    body: dict[str, Any] = {"metric": item.metric, "issue": item.issue, "message": item.message}
    return body if item.count is None else {**body, "count": _number(item.count)}


def _assertion(item: Assertion) -> dict[str, Any]:
    return {
        "metric": item.metric,
        "actual": _number(item.actual),
        "threshold": _number(item.threshold),
        "unit": item.unit.value,
        "type": item.side.value,
        "comparison": item.comparison,
        "status": item.status.value,
    }


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) if isinstance(value, dict) else _number(value) for name, value in values.items()}


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
