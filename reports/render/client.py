"""What the client saw: latency table, account, endings, endpoints, both sides, error budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.analysis.client import CONFIDENCE, PERCENTILES
from reports.analysis.quantity import NA, Unit, count, show
from reports.render.blocks import code, paragraph, plain, section, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.analysis.assessment import Assessment
    from reports.analysis.client import ClockLine
    from reports.analysis.comparison import Comparison
    from reports.model.client import Address, Endpoint
    from reports.render.blocks import Block, Section


def latency(assessment: Assessment) -> list[Section]:
    """Return the table of the client's clocks."""
    headers = ("Clock", "Count", "p50", "p90", "p95", "p99", "p99.9", "Max", "Beyond range", "Meaning")
    rows = table(headers, (_clock_row(line) for line in assessment.clocks), right=range(1, 9))
    legend = "Response counts from the moment a request was due, so a stalled service cannot hide behind a late send."
    rows = rows or paragraph("No latency was recorded by the client.")
    floor = assessment.run.floor
    said = paragraph(f"This generator: {plain(floor)}.") if floor and assessment.clocks else []
    return section("Client Latency (HDR)", rows, paragraph(legend), _certainty(assessment.clocks), said)


def _clock_row(line: ClockLine) -> tuple[str, ...]:
    times = ("too few" if value is None else show(value, Unit.SECONDS) for value in line.percentiles_s)
    maximum = show(line.maximum_s, Unit.SECONDS)
    return (line.clock, count(line.count), *times, maximum, count(line.out_of_range), line.meaning)


def _certainty(lines: Sequence[ClockLine]) -> list[Block]:
    """Return the intervals of the judged clock's percentiles, and what `too few` means where it stands."""
    response = next((line for line in lines if line.clock == "response"), None)
    known = [] if response is None else zip(PERCENTILES, response.intervals_s, strict=True)
    texts = [
        f"p{q:g} {show(ends[0], Unit.SECONDS)} – {show(ends[1], Unit.SECONDS)}" for q, ends in known if ends is not None
    ]
    said = [f"Response, {100 * CONFIDENCE:g} % intervals: {', '.join(texts)}."] if texts else []
    if any(value is None for line in lines for value in line.percentiles_s):
        said.append("Too few: a percentile needs ten expected values beyond it, 10 / (1 - q) in all.")
    return paragraph(" ".join(said)) if said else []


def requests(assessment: Assessment) -> list[Section]:
    """Return where every request ended: the account, the ways of ending, the endpoints."""
    account = assessment.run.client.account
    if account is None:
        return section("Requests", paragraph("The account of requests is missing."))
    sums = paragraph(
        f"scheduled {count(account.scheduled)} = sent {count(account.sent)} + unsent {count(account.unsent)} + "
        f"dropped {count(account.dropped)}",
        f"sent {count(account.sent)} = done {count(account.done)} + failed {count(account.failed)} + "
        f"in flight {count(account.in_flight)}",
    )
    endings = [
        (code(item.label), count(item.count), show(item.share_pct, Unit.PERCENT), item.text + _whose(item.ours))
        for item in assessment.endings
    ]
    ways = table(("Ending", "Requests", "Share", "Meaning"), endings, right=(1, 2))
    evenness = _evenness(assessment.evenness)
    redirects = _redirects(assessment)
    tables = (ways, endpoints(assessment), _addresses(assessment), _slowest(assessment))
    return section("Requests", sums, redirects, evenness, *tables)


def _evenness(found: tuple[str, float] | None) -> list[Block]:
    if found is None:
        return []
    what, variation_pct = found
    return paragraph(f"{what} varied by {show(variation_pct, Unit.PERCENT)} (deviation / mean).")


def _redirects(assessment: Assessment) -> list[Block]:
    """Return how many requests followed redirects, which are part of their request."""
    found = assessment.run.client.redirects
    if not found:
        return []
    parts = (f"{count(requests)} requests followed {hops}" for hops, requests in found.items())
    return paragraph(f"Redirects, each part of its request: {', '.join(parts)}.")


def _whose(ours: bool) -> str:
    return " (our own fault: not counted against the service)" if ours else ""


def endpoints(assessment: Assessment) -> list[Block]:
    """Return the table of endpoints, empty without any."""
    headers = ("Endpoint", "Sent", "Done", "Failed", "p50", "p95", "p99", "Max")
    rows = (_endpoint_row(item) for item in assessment.run.client.endpoints)
    return table(headers, rows, right=range(1, 8))


def _addresses(assessment: Assessment) -> list[Block]:
    """Return the table of addresses, empty without any."""
    headers = ("Origin", "Address", "In answers", "Connections", "Requests")
    rows = (
        (code(item.origin), code(item.address), _answers(item), count(item.connections), count(item.requests))
        for item in assessment.run.client.addresses
    )
    return table(headers, rows, right=(2, 3, 4))


def _slowest(assessment: Assessment) -> list[Block]:
    """Return the table of the slowest requests by their trace ids, empty where requests had none."""
    headers = ("Slowest: trace id", "Endpoint", "Ending", "Response", "Due at")
    rows = (
        (
            code(item.trace_id),
            code(item.endpoint),
            code(item.outcome),
            show(item.response_s, Unit.SECONDS),
            NA if item.due_s is None else f"{item.due_s:,.1f} s",
        )
        for item in assessment.run.client.slowest
    )
    return table(headers, rows, right=(3, 4))


def _answers(item: Address) -> str:
    return f"{count(item.answers)} of {count(item.lookups)}" if item.lookups else "not looked up"


def _endpoint_row(item: Endpoint) -> tuple[str, ...]:
    times = (show(item.percentiles_s.get(name), Unit.SECONDS) for name in ("p50", "p95", "p99", "max"))
    return (code(item.name), count(item.sent), count(item.done), count(item.failed), *times)


def both_sides(assessment: Assessment) -> list[Section]:
    """Return the percentiles of client and server beside each other."""
    headers = ("Percentile", "Client response", "Client service", "Server", "Server's bucket", "Service - server")
    rows = table(headers, (_comparison_row(line) for line in assessment.comparison), right=range(1, 6))
    legend = (
        "The last column is what the service's own clock does not see (network, accept queue, middleware before the "
        "timer) and what its buckets blur."
    )
    return section("Client and Server", rows, paragraph(legend) if rows else [])


def _comparison_row(line: Comparison) -> tuple[str, ...]:
    bucket = NA
    if line.server is not None:
        bucket = f"{show(line.server.lower_s, Unit.SECONDS)} – {show(line.server.upper_s, Unit.SECONDS)}"
    own = line.server.value_s if line.server else None
    shown = (line.response_s, line.service_s, own)
    prefix = "≥ " if line.server is not None and line.server.saturated else ""
    response, service, server = (show(seconds, Unit.SECONDS) for seconds in shown)
    return (line.name, response, service, prefix + server, bucket, show(line.outside_s, Unit.SECONDS))


def error_budget(assessment: Assessment) -> list[Section]:
    """Return how much of the allowed failure the window used."""
    headers = ("Side", "Requests", "Target", "Failures allowed", "Failures", "Budget remaining")
    rows = [
        (
            plain(budget.side),
            count(budget.total),
            show(budget.target_pct, Unit.PERCENT),
            count(budget.allowed),
            count(budget.used),
            show(budget.remaining_pct, Unit.PERCENT),
        )
        for budget in assessment.budgets
    ]
    return section("Error Budget", table(headers, rows, right=range(1, 6)))
