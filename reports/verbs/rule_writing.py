"""What `report rules` writes: every file's text, from profiles, thresholds and policy."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loadgen.core.errors import InputError, Problem
from reports.analysis.rules.book import is_relay, merge, refusals, rule_book
from reports.analysis.rules.burn import TIERS, parse_tier
from reports.analysis.rules.cases import cases
from reports.analysis.rules.job_expression import fault
from reports.analysis.rules.terms import Policy, Terms
from reports.loader.metric_facts import exposed_facts, metric_facts
from reports.loader.thresholds import load_thresholds
from reports.model.rule import LeftOut
from reports.render.rule_tests_yaml import rule_tests_yaml
from reports.render.rules_yaml import rules_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reports.analysis.rules.burn import Tier
    from reports.model.metric_facts import MetricFacts
    from reports.model.rule import RuleBook
    from reports.model.rule_case import Case

RECORDING, ALERTS = "recording-rules.yml", "alerts.yml"
TESTS = ("alerts_test.yml", "alerts_hours_test.yml")
USUAL_PROFILES = ("metasheet", "relay")


@dataclass(frozen=True, slots=True)
class RuleWish:
    """What was asked for, as the command line has it."""

    profiles: tuple[str, ...]
    thresholds: Path | None
    job: str
    relay_job: str
    min_requests: int
    runbook_base: str
    burn_tiers: tuple[str, ...]
    metrics_url: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """The rules, the cases of their alerts, and the text of each file by name."""

    book: RuleBook
    cases: tuple[Case, ...]
    files: Mapping[str, str]
    terms: tuple[Terms, ...]

    @property
    def service_terms(self) -> tuple[Terms, ...]:
        """The profiles that describe a service, and so have objectives."""
        return tuple(terms for terms in self.terms if not is_relay(terms))

    @property
    def facts(self) -> tuple[MetricFacts, ...]:
        return tuple(terms.facts for terms in self.terms)


def write_rules(wish: RuleWish) -> Written:
    """Return everything that a wish gives; raise InputError with every tier that was asked for and cannot fire."""
    _expressions(wish)
    limits = load_thresholds(wish.thresholds)
    tiers = _tiers(wish.burn_tiers)
    jobs = {False: Policy(wish.job, wish.min_requests), True: Policy(wish.relay_job, wish.min_requests)}
    found = []
    usual = USUAL_PROFILES[:1] if wish.metrics_url else USUAL_PROFILES
    for name in wish.profiles or usual:
        facts = metric_facts(name, os.environ)
        if wish.metrics_url:
            facts = exposed_facts(facts, name, wish.metrics_url, os.environ)
        terms = Terms(facts, limits, jobs[False])
        found.append(replace(terms, policy=jobs[is_relay(terms)]))
    if wish.burn_tiers:
        _refuse(found, tiers)
    books = [rule_book(terms, tiers) for terms in found]
    book = merge(books)
    _distinct(book, found)
    played = tuple(case for terms, one in zip(found, books, strict=True) for case in cases(terms, one.alerts, tiers))
    unplayed = tuple(
        LeftOut("the cases of its alerts", f"no job that {terms.policy.job!r} matches can be told from it")
        for terms in found
        if not terms.job_name
    )
    book = replace(book, left_out=(*book.left_out, *unplayed))
    texts = {
        RECORDING: rules_yaml(book.recording, wish.runbook_base),
        ALERTS: rules_yaml(book.alerting, wish.runbook_base),
        **dict(zip(TESTS, rule_tests_yaml(played, (RECORDING, ALERTS)), strict=True)),
    }
    return Written(book, played, texts, tuple(found))


def _tiers(asked: tuple[str, ...]) -> tuple[Tier, ...]:
    if not asked:
        return TIERS
    problems, tiers = [], []
    for text in asked:
        try:
            tiers.append(parse_tier(text))
        except ValueError as error:
            problems.append(Problem("--burn-tier", text, str(error)))
    names = [tier.name for tier in tiers]
    problems += [
        Problem("--burn-tier", name, "stands there twice: give each tier a name of its own")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if problems:
        raise InputError(problems)
    return tuple(tiers)


def _expressions(wish: RuleWish) -> None:
    given = (("--job", wish.job), ("--relay-job", wish.relay_job))
    problems = [Problem(key, job, reason) for key, job in given if (reason := fault(job))]
    if problems:
        raise InputError(problems)


def _distinct(book: RuleBook, found: list[Terms]) -> None:
    names = [group.name for group in (*book.recording, *book.alerting)]
    if len(set(names)) < len(names):
        given = ", ".join(terms.facts.name for terms in found)
        remedy = "give the same groups of rules: write each into a directory of its own (--out)"
        raise InputError([Problem("--metric-profile", given, remedy)])


def _refuse(found: list[Terms], tiers: tuple[Tier, ...]) -> None:
    refused = [item for terms in found if not is_relay(terms) for item in refusals(terms, tiers)]
    if refused:
        remedy = ": lower the factor, or tighten the objective"
        raise InputError([Problem(f"--burn-tier for {item.name}", None, item.reason + remedy) for item in refused])
