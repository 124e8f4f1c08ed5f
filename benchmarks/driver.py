"""A real worker process on a processor of its own, driven over its link as the supervisor drives it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.process import pin, processors
from loadgen.core.histogram import Histogram, histogram_max_ns
from loadgen.core.messages import Error, Final, Interval, Lease, Message, PlanMessage, Ready, Start
from loadgen.core.units import NS_PER_S, Rate
from loadgen.core.wire import Decoder, Encoder
from loadgen.plan.codec import encode
from loadgen.plan.model import Limits, LoadPlan, Stage, Target, Tls

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAD_NS = NS_PER_S // 4
_TIMEOUT_NS = 10 * NS_PER_S


@dataclass
class Account:
    """What one phase came to: its start, the histograms of all seconds by clock, the worker's last account."""

    t0_ns: int
    histograms: dict[str, Histogram] = field(default_factory=dict)
    totals: dict[str, Any] = field(default_factory=dict)
    host: dict[str, Any] = field(default_factory=dict)

    @property
    def cpu_us_per_request(self) -> float:
        """User and system time of the worker from start to final, all of its recording included."""
        return float(self.host["cpu_ns"] / self.totals["done"] / 1_000)

    def percentile_us(self, clock: str, q: float) -> float:
        """Return a percentile in microseconds."""
        return self.histograms[clock].percentile(q) / 1_000

    def take(self, message: Message) -> None:
        """Account for what a worker says."""
        if isinstance(message, Error):
            raise RuntimeError(f"the worker failed: {message.msg}")
        if isinstance(message, Interval):
            for clock, text in message.histograms.items():
                whole = self.histograms.setdefault(clock, Histogram(histogram_max_ns(_TIMEOUT_NS)))
                whole.add(Histogram.decode(text))
        if isinstance(message, Final):
            self.totals, self.host = message.totals, message.host


def constant_plan(url: str, rate_per_s: int, seconds: float, connections: int = 20, ca_pem: bytes = b"") -> LoadPlan:
    """Return a plan of one constant rate."""
    return LoadPlan(
        stages=(Stage(Rate(rate_per_s, NS_PER_S), int(seconds * NS_PER_S)),),
        targets=(Target("only", url),),
        concurrency=connections,
        limits=Limits(timeout_ns=_TIMEOUT_NS),
        tls=Tls(ca_pem=ca_pem),
    )


def run_worker(plan: LoadPlan, watch: Callable[[int, int], None] | None = None) -> Account:
    """Run one plan in a fresh worker; `watch(pid, t0_ns)` is called a few times a second while it runs."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "loadgen.worker", "--fd", str(theirs.fileno()), "--number", "0"],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )
        try:
            pin(process.pid, processors()[1])
            return _Conversation(ours, process.pid).run(plan, watch)
        finally:
            process.terminate()
            process.terminate()  # the second one cuts at once
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)


class _Conversation:
    def __init__(self, link: socket.socket, pid: int) -> None:
        self._link = link
        self._link.settimeout(0.2)
        self._pid = pid
        self._encoder, self._decoder = Encoder(0), Decoder()
        self._renewed_s = 0.0

    def run(self, plan: LoadPlan, watch: Callable[[int, int], None] | None) -> Account:
        self._renew()
        self._send(PlanMessage(encode(plan)))
        while not any(isinstance(message, Ready) for message in self._receive()):
            pass
        account = Account(time.monotonic_ns() + _LEAD_NS)
        self._send(Start(account.t0_ns))
        while not account.host:
            for message in self._receive():
                account.take(message)
            if watch is not None:
                watch(self._pid, account.t0_ns)
        return account

    def _receive(self) -> list[Message]:
        self._renew()
        try:
            data = self._link.recv(1 << 20)
        except TimeoutError:
            return []
        if not data:
            raise RuntimeError("the worker left before its final account")
        messages = [envelope.message for envelope in self._decoder.feed(data)]
        for message in messages:
            if isinstance(message, Error):
                raise RuntimeError(f"the worker failed: {message.msg}")
        return messages

    def _renew(self) -> None:
        if time.monotonic() - self._renewed_s > 0.5:
            self._renewed_s = time.monotonic()
            self._send(Lease(time.monotonic_ns() + 3 * NS_PER_S))

    def _send(self, message: Message) -> None:
        self._link.sendall(self._encoder.encode(message))
