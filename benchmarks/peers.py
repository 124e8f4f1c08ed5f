"""Other load generators, where they are installed: the same work as a command line, and how many requests they made.

Law: a peer that is missing is left out, never a failure. Those that cannot hold a rate (wrk, ab, locust, molotov) run
as fast as they can for as long, so their figure is their best one.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.process import Ended, run_pinned

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Work:
    """A constant rate over connections that are kept, for some seconds."""

    url: str
    rate_per_s: int
    seconds: int
    connections: int = 20
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Peer:
    """`command` builds the arguments, with a directory for files; `count` finds the number of answers in the output.

    `percentile` finds a percentile in ms in the output; `seconds` is the shortest run that makes sense.
    """

    command: Callable[[Work, Path], list[str]]
    count: Callable[[str], int]
    percentile: Callable[[str, str], float | None] = lambda output, q: None
    holds_rate: bool = True
    tls: bool = True
    seconds: int = 1


def installed(names: str) -> list[str]:
    """Return which of the named peers, divided by commas, are on PATH; `all` names every one, nothing none."""
    wanted = list(PEERS) if names == "all" else [name for name in names.split(",") if name]
    unknown = [name for name in wanted if name not in PEERS]
    if unknown:
        raise SystemExit(f"no peer {', '.join(unknown)}: there are {', '.join(PEERS)}")
    return [name for name in wanted if shutil.which(name)]


def run_peer(name: str, work: Work) -> tuple[Ended, int]:
    """Run a peer on the generator's processor; return how it ended and how many answers it counted."""
    peer = PEERS[name]
    work = replace(work, seconds=max(work.seconds, peer.seconds))
    environment = {"SSL_CERT_FILE": work.ca_file, "NODE_EXTRA_CA_CERTS": work.ca_file} if work.ca_file else {}
    with TemporaryDirectory() as place:
        ended = run_pinned(peer.command(work, Path(place)), work.seconds + 30, environment)
    answers = peer.count(ended.output)
    if answers <= 0:
        raise RuntimeError(f"{name} counted no answers (code {ended.code}): {ended.output[-500:]}")
    return ended, answers


def cpu_us_per_request(name: str, work: Work) -> float:
    """Return the processor time of a peer for each answer, its start included."""
    ended, answers = run_peer(name, work)
    return ended.cpu_s * 1e6 / answers


def _number(pattern: str) -> Callable[[str], int]:
    """Return a reader that sums up all numbers a pattern finds."""
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda output: sum(int(found) for found in compiled.findall(output))


def _wrk(work: Work, place: Path) -> list[str]:
    return ["wrk", "-t1", f"-c{work.connections}", f"-d{work.seconds}s", work.url]


def _wrk2(work: Work, place: Path) -> list[str]:
    count = f"-c{work.connections}"
    return ["wrk2", "-t1", count, f"-d{work.seconds}s", f"-R{work.rate_per_s}", "--latency", work.url]


def _hey(work: Work, place: Path) -> list[str]:
    each = f"{work.rate_per_s / work.connections:g}"
    return ["hey", "-z", f"{work.seconds}s", "-c", str(work.connections), "-q", each, work.url]


def _ab(work: Work, place: Path) -> list[str]:
    limit = ["-t", str(work.seconds), "-n", "100000000"]
    return ["ab", "-q", "-k", "-c", str(work.connections), *limit, work.url + "/"]


def _autocannon(work: Work, place: Path) -> list[str]:
    rate = ["-R", str(work.rate_per_s)]
    return ["autocannon", "-j", "-c", str(work.connections), *rate, "-d", str(work.seconds), work.url]


def _k6(work: Work, place: Path) -> list[str]:
    scenario = {
        "executor": "constant-arrival-rate",
        "rate": work.rate_per_s,
        "timeUnit": "1s",
        "duration": f"{work.seconds}s",
        "preAllocatedVUs": work.connections,
        "maxVUs": work.connections,
    }
    script = place / "script.js"
    options = json.dumps({"scenarios": {"constant": scenario}, "insecureSkipTLSVerify": True})
    script.write_text(
        f"import http from 'k6/http';\nexport const options = {options};\n"
        f"export default function () {{ http.get({json.dumps(work.url)}); }}\n"
    )
    return ["k6", "run", "--quiet", "--no-usage-report", str(script)]


def _vegeta(work: Work, place: Path) -> list[str]:
    (place / "target").write_text(f"GET {work.url}\n")
    limits = f"-rate={work.rate_per_s} -duration={work.seconds}s -workers={work.connections} -insecure"
    return ["sh", "-c", f"vegeta attack {limits} -targets={place}/target | vegeta report -type=json"]


def _locust(work: Work, place: Path) -> list[str]:
    script = place / "locustfile.py"
    script.write_text(
        "from locust import FastHttpUser, task\n\n\nclass One(FastHttpUser):\n"
        f"    host = {work.url!r}\n    insecure = True\n\n    @task\n    def get(self):\n        self.client.get('/')\n"
    )
    users = ["-u", str(work.connections), "-r", str(work.connections)]
    return ["locust", "-f", str(script), "--headless", "--only-summary", "--json", *users, "-t", f"{work.seconds}s"]


def _molotov(work: Work, place: Path) -> list[str]:
    script = place / "loadtest.py"
    script.write_text(
        "from molotov import scenario\n\n\n@scenario()\nasync def one(session):\n"
        f"    async with session.get({work.url!r}, ssl=False) as answer:\n        await answer.read()\n"
    )
    return ["molotov", "-c", "-w", str(work.connections), "-d", str(work.seconds), str(script)]


def _count_json(*path: str) -> Callable[[str], int]:
    def count(output: str) -> int:
        found = json.loads(output[output.index("{") : output.rindex("}") + 1])
        for key in path:
            found = found[key]
        return int(found)

    return count


def _count_locust(output: str) -> int:
    return sum(int(found) for found in re.findall(r'"num_requests": (\d+)', output))


def _percentile_wrk2(output: str, q: str) -> float | None:
    found = re.search(rf"^ *{q}\.0+% +([0-9.]+)(us|ms|s)$", output, re.MULTILINE)
    return None if found is None else float(found[1]) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[found[2]]


def _percentile_hey(output: str, q: str) -> float | None:
    found = re.search(rf"^ *{q}%+ in ([0-9.]+) secs", output, re.MULTILINE)
    return None if found is None else 1e3 * float(found[1])


def _percentile_autocannon(output: str, q: str) -> float | None:
    return float(_count_json("latency", f"p{q}")(output))


PEERS: dict[str, Peer] = {
    "wrk2": Peer(_wrk2, _number(r"^ *(\d+) requests in"), _percentile_wrk2),
    "hey": Peer(_hey, _number(r"\[\d+\]\s+(\d+) responses"), _percentile_hey),
    "autocannon": Peer(_autocannon, _count_json("requests", "total"), _percentile_autocannon),
    "k6": Peer(_k6, _number(r"^ *http_reqs\.*: (\d+)")),
    "vegeta": Peer(_vegeta, _count_json("requests")),
    "wrk": Peer(_wrk, _number(r"^ *(\d+) requests in"), holds_rate=False),
    "ab": Peer(_ab, _number(r"^Complete requests: +(\d+)"), holds_rate=False),
    "locust": Peer(_locust, _count_locust, holds_rate=False, seconds=5),
    "molotov": Peer(_molotov, _number(r"SUCCESSES: (\d+)"), holds_rate=False, tls=False, seconds=5),
}
