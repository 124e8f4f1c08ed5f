"""Rules in compressed time differ in their durations and in nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner

from loadgen.cli.drill_rules import rules
from loadgen.core.errors import InputError
from loadgen.drill.compressed import compressed_expression, compressed_rules

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT: dict[str, Any] = {
    "groups": [
        {
            "name": "relay",
            "interval": "1m",
            "rules": [
                {
                    "alert": "Slow",
                    "expr": 'rate(x{le="0.5"}[10m]) > 50 and x offset 1h',
                    "for": "10m",
                    "keep_firing_for": "0s",
                    "labels": {"severity": "info"},
                    "annotations": {"description": "over 10m"},
                },
                {"record": "x:rate5m", "expr": "rate(x[5m])"},
            ],
        }
    ]
}


def test_intervals_waits_ranges_and_offsets_are_divided() -> None:
    (group,) = compressed_rules(DOCUMENT, 120)["groups"]
    slow, recorded = group["rules"]
    assert group["interval"] == "500ms"
    assert slow["expr"] == 'rate(x{le="0.5"}[5s]) > 50 and x offset 30s'
    assert (slow["for"], slow["keep_firing_for"]) == ("5s", "0s")
    assert recorded == {"record": "x:rate5m", "expr": "rate(x[2500ms])"}


def test_thresholds_labels_and_texts_stay() -> None:
    slow = compressed_rules(DOCUMENT, 120)["groups"][0]["rules"][0]
    assert slow["labels"] == {"severity": "info"}
    assert slow["annotations"] == {"description": "over 10m"}


def test_a_factor_of_one_changes_nothing() -> None:
    assert compressed_rules(DOCUMENT, 1) == DOCUMENT


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("rate(x[1h30m])", "rate(x[45s])"),
        ("max_over_time(rate(x[5m])[1h:1m])", "max_over_time(rate(x[2500ms])[30s:500ms])"),
        ("max_over_time(x[1h:])", "max_over_time(x[30s:])"),
        ("x offset -10m", "x offset -5s"),
        ('label_replace(x, "a", "$1", "b", "[5m]")', 'label_replace(x, "a", "$1", "b", "[5m]")'),
        ("x_5m > 10", "x_5m > 10"),
        ("rate(x[1s])", "rate(x[8ms])"),
        ("rate(x[10ms])", "rate(x[1ms])"),
    ],
)
def test_expressions(expression: str, expected: str) -> None:
    assert compressed_expression(expression, 120) == expected


@pytest.mark.parametrize("document", [None, [], {"groups": {}}, {"groups": [{"rules": [{"alert": "x"}]}]}])
def test_what_is_no_rule_file_is_refused(document: Any) -> None:
    with pytest.raises(ValueError, match="not a rule file"):
        compressed_rules(document, 2)


def test_the_command_writes_each_file_under_its_name(tmp_path: Path) -> None:
    given = tmp_path / "alerts.yml"
    given.write_text(yaml.safe_dump(DOCUMENT))
    done = CliRunner().invoke(rules, [str(given), "--compress", "60", "--out", str(tmp_path / "fast")])
    assert done.exit_code == 0, done.output
    text = (tmp_path / "fast" / "alerts.yml").read_text()
    assert yaml.safe_load(text) == compressed_rules(DOCUMENT, 60)
    assert text.startswith("# For drills only: every duration was divided by 60.\n")


def test_the_command_names_every_file_that_is_no_rule_file_and_writes_none(tmp_path: Path) -> None:
    good, bad, broken = tmp_path / "good.yml", tmp_path / "bad.yml", tmp_path / "broken.yml"
    good.write_text(yaml.safe_dump(DOCUMENT))
    bad.write_text("a: 1")
    broken.write_text("{")
    command = [str(good), str(bad), str(broken), "--compress", "0", "--out", str(tmp_path / "fast")]
    failure = CliRunner().invoke(rules, command).exception
    assert isinstance(failure, InputError)
    assert len(failure.problems) == 3
    assert not (tmp_path / "fast").exists()
