"""A summary for people: counts, latencies, endpoints, the percentile spectrum. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TRENDS = (
    ("response (due to done)", "http_req_duration"),
    ("  successes only", "http_req_duration_ok"),
    ("service (sent to done)", "http_req_service"),
    ("wait for a connection", "loadgen_wait"),
    ("own lag", "loadgen_lag"),
)
_PHASES = (
    ("connecting", "http_req_connecting"),
    ("TLS handshake", "http_req_tls_handshaking"),
    ("sent to first byte", "http_req_waiting"),
    ("first byte to done", "http_req_receiving"),
)
_COLUMNS = ("avg", "med", "p(90)", "p(95)", "p(99)", "p(99.9)", "max")
_ENDPOINT_COUNTS = ("sent", "done", "failed", "dropped")
_ENDPOINT_TIMES = ("p50", "p95", "p99", "max")


def summary_text(summary: Mapping[str, Any]) -> str:
    """Return the lines that `loadgen run` prints from a summary.json document."""
    parts = (_counts, _blank, _latencies, _endpoints, _addresses, _slowest, _blank, _spectrum)
    return "\n".join(line for part in parts for line in part(summary))


def _blank(summary: Mapping[str, Any]) -> Iterator[str]:
    yield ""


def _slowest(summary: Mapping[str, Any]) -> Iterator[str]:
    noted = summary.get("slowest_requests", ())
    if noted is None:
        yield "slowest requests by trace id: NA, a part of the run was killed and took its own along"
        return
    if noted:
        yield "slowest requests by trace id"
    for one in noted:
        yield f"  {one['response_ms']:>10.3f} ms  {one['request_trace_id']}  {one['outcome']}  {one['endpoint']}"


def _counts(summary: Mapping[str, Any]) -> Iterator[str]:
    totals, rate = summary["totals"], summary["rate"]
    seconds = summary["state"]["testRunDurationMs"] / 1000
    yield f"{totals['scheduled']} requests scheduled in {seconds:g} s; validity {summary['validity'].get('state')}"
    yield "  " + ", ".join(f"{totals[name]} {name.replace('_', ' ')}" for name in ("sent", "done", "failed", "dropped"))
    left = [f"{totals[name]} {name.replace('_', ' ')}" for name in ("unsent", "in_flight") if totals[name]]
    if left:
        yield "  left at the end: " + ", ".join(left)
    bad = {label: count for label, count in summary["outcomes"].items() if label != "ok" and count}
    if bad:
        yield "  " + ", ".join(f"{label} {count}" for label, count in sorted(bad.items(), key=lambda item: -item[1]))
    asked = "of a closed load" if rate["target"] is None else f"{rate['target']:g}/s asked"
    achieved = rate["achieved"]
    yield f"  rate {asked}, {'NA' if achieved is None else f'{achieved:g}/s'} sent"
    if summary.get("interrupted_s"):
        yield f"  interrupted for {summary['interrupted_s']:g} s; counts and times are those of all parts together"
    if summary.get("floor"):
        yield f"  {summary['floor']['text']}"
    followed = summary.get("redirects", {})
    if followed is None:
        yield "  redirects: NA, a part of the run was killed and took its count along"
    elif followed:
        parts = ", ".join(f"{count} requests followed {hops}" for hops, count in followed.items())
        yield f"  redirects: {parts}"
    for reason in summary["validity"].get("reasons", []):
        yield f"  {reason}"


def _latencies(summary: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'milliseconds':<24}" + "".join(f"{name.strip('p()') if '(' in name else name:>10}" for name in _COLUMNS)
    for title, name in _TRENDS:
        yield _trend_line(title, summary["metrics"][name])
    for title, name in _PHASES:
        metric = summary["metrics"].get(name)
        if metric is not None and metric["values"]["max"] is not None:
            yield _trend_line(title, metric)
    response = summary["metrics"]["http_req_duration"]
    if response.get("intervals"):
        yield f"response, {100 * response['confidence']:g} % intervals"
        for name, (low, high) in response["intervals"].items():
            label = "50" if name == "med" else name.strip("p()")
            yield f"{label:>24}{low:>10.3f} to {high:.3f}"


def _trend_line(title: str, metric: Mapping[str, Any]) -> str:
    too_few = set(metric.get("too_few", ()))
    cells = ("too few" if column in too_few else _number(metric["values"][column]) for column in _COLUMNS)
    return f"{title:<24}" + "".join(f"{cell:>10}" for cell in cells)


def _addresses(summary: Mapping[str, Any]) -> Iterator[str]:
    origins = summary.get("addresses", {})
    if origins is None:
        yield ""
        yield "addresses: NA, a part of the run was killed and took its counts along"
        return
    if any(item["addresses"] for item in origins.values()):
        yield ""
        yield f"{'address':<46}{'connections':>12}{'requests':>12}{'answers':>9}"
    for origin, item in origins.items():
        for address, counts in item["addresses"].items():
            place = f"{_short(origin)} at {address}"
            answers = f"{counts['answers']}/{item['lookups']}" if item["lookups"] else "-"
            yield f"{place:<46}{counts['connections']:>12}{counts['requests']:>12}{answers:>9}"


def _endpoints(summary: Mapping[str, Any]) -> Iterator[str]:
    endpoints = summary["endpoints"]
    if len(endpoints) < 2:
        return
    yield ""
    heads = "".join(f"{key:>9}" for key in _ENDPOINT_COUNTS) + "".join(f"{key:>10}" for key in _ENDPOINT_TIMES)
    yield f"{'endpoint':<32}{heads}"
    for name, item in endpoints.items():
        counts = "".join(f"{_count(item.get(key)):>9}" for key in _ENDPOINT_COUNTS)
        times = "".join(f"{_number(item[f'{key}_ms']):>10}" for key in _ENDPOINT_TIMES)
        yield f"{_short(name):<32}{counts}{times}"


def _spectrum(summary: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'percentile':>12}{'ms':>12}{'above':>10}"
    for row in summary["spectrum"]:
        shown = f"{row['ms']:.3f}" if row.get("enough", True) else "too few"
        yield f"{row['percentile']:>12g}{shown:>12}{row['above']:>10}"


def _count(value: int | None) -> str:
    return "NA" if value is None else str(value)


def _number(value: float | None) -> str:
    return "NA" if value is None else f"{value:.3f}"


def _short(name: str) -> str:
    """Return the end of a long name: what tells URLs of one host apart."""
    return name if len(name) <= 31 else "…" + name[-30:]
