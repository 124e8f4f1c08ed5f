"""A child that follows the protocol of the link but sends nothing anywhere: a worker, or the observer.

`python -m tests.support.fake_child --fd N --number K` is a worker, `... child --fd N` the observer. FAKE_WORKER and
FAKE_OBSERVER in the environment make them misbehave: `die` (exit in the middle), `garbage` (bytes that are no
message), `mismatch` (a final that differs from the intervals), `deaf` (ignores a stop), `failing` (every request
fails), `no_scrape` (the observer never answers a scrape), `silent` (it sends
no probes).
"""

from __future__ import annotations

import os
import socket
import sys
import time

from loadgen.core.histogram import Histogram
from loadgen.core.messages import (
    Abort,
    Exit,
    Final,
    Hello,
    Interval,
    Log,
    Message,
    ObserverFinal,
    PlanMessage,
    Probe,
    Ready,
    Sample,
    Scrape,
    Start,
    Stop,
    Tick,
)
from loadgen.core.units import NS_PER_S
from loadgen.core.wire import Decoder, Encoder

_STEP_S = 0.05


class FakeChild:
    """The loop: read what there is, do what is due."""

    def __init__(self, fd: int, number: int, role: str) -> None:
        self.socket = socket.socket(fileno=fd)
        self.socket.settimeout(_STEP_S)
        self.encoder = Encoder(number)
        self.decoder = Decoder()
        self.number = number
        self.t0_ns: int | None = None
        self.misbehaviour = os.environ.get(f"FAKE_{role.upper()}", "")
        self.send(Hello(os.getpid(), role))

    def send(self, message: Message) -> None:
        self.socket.sendall(self.encoder.encode(message))

    def run(self) -> None:
        while True:
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                data = None
            if data == b"":
                return
            for envelope in self.decoder.feed(data or b""):
                if isinstance(envelope.message, Exit):
                    self.leave()
                    return
                self.take(envelope.message)
            if self.t0_ns is not None and time.monotonic_ns() >= self.t0_ns:
                self.work((time.monotonic_ns() - self.t0_ns) / NS_PER_S)

    def take(self, message: Message) -> None: ...

    def work(self, elapsed_s: float) -> None: ...

    def leave(self) -> None: ...


class FakeWorker(FakeChild):
    """Counts `rate` requests a second of 5 ms each, all done or, if it is told so, all failed."""

    rate = 0
    duration_s = 0.0
    reported = 0
    last_tick_s = 0.0

    def take(self, message: Message) -> None:
        match message:
            case PlanMessage():
                stage = message.plan["stages"][0]
                self.rate = stage["rate"]["count"] * NS_PER_S // stage["rate"]["per_ns"] // message.count
                self.duration_s = (stage["duration_ns"] - message.plan["skip_ns"]) / NS_PER_S
                self.reported, self.last_tick_s = 0, 0.0
                print(f"fake worker {self.number} takes {message.phase}", flush=True)
                self.send(Ready({"connections": 1}))
            case Start():
                self.t0_ns = message.t0_ns
                self.send(Log("info", "started", {"number": self.number}))
            case Stop() if self.misbehaviour != "deaf" and self.t0_ns is not None:
                self.final()
            case Abort():
                self.final()
            case _:
                pass

    def work(self, elapsed_s: float) -> None:
        if elapsed_s > 0.5 and self.misbehaviour == "die":
            print("the fake worker gives up", flush=True)
            os._exit(7)
        if elapsed_s > 0.5 and self.misbehaviour == "garbage":
            self.socket.sendall(b"this is no message\n")
            self.misbehaviour = ""
        if elapsed_s - self.last_tick_s >= 0.25:
            self.last_tick_s = elapsed_s
            self.tick(int(elapsed_s * self.rate))
        while self.reported < int(min(elapsed_s, self.duration_s)):
            self.interval()
        if elapsed_s >= self.duration_s and self.misbehaviour != "deaf":
            self.final()

    def tick(self, count: int) -> None:
        good, bad = (0, count) if self.misbehaviour == "failing" else (count, 0)
        now_ns = time.monotonic_ns()
        self.send(Tick(now_ns, count, count, good, {"http_5xx": bad} if bad else {}, {}, 0, 0, 0, bad))

    def interval(self) -> None:
        histogram = Histogram(60 * NS_PER_S)
        histogram.record(5_000_000, self.rate)
        text = histogram.encode()
        good, bad = (0, self.rate) if self.misbehaviour == "failing" else (self.rate, 0)
        clocks = dict.fromkeys(("response", "response_ok", "service", "endpoint:home"), text)
        self.send(
            Interval(self.reported, self.rate, self.rate, good, {"http_5xx": bad} if bad else {}, {}, 0, 0, clocks)
        )
        self.reported += 1

    def final(self) -> None:
        total = self.rate * self.reported
        good, bad = (0, total) if self.misbehaviour == "failing" else (total, 0)
        if self.misbehaviour == "mismatch":
            good += 1
        self.send(
            Final(
                {
                    "scheduled": total, "sent": total, "done": good, "failed": {"http_5xx": bad} if bad else {},
                    "dropped": {}, "in_flight": 0, "unsent": 0, "out_of_range": {}, "bytes_in": 0, "bytes_out": 0,
                    "connects": 1, "endpoints": {"home": {"sent": total, "done": good, "failed": bad}},
                },
                {"cpu_ns": 1, "wall_ns": 1000, "stall_max_ns": 0},
            )
        )  # fmt: skip
        self.t0_ns = None


class FakeObserver(FakeChild):
    """Answers scrapes, and writes nothing; a sample every interval, a good probe every probe period."""

    interval_s = 1.0
    probe_s = 1.0
    samples = 0
    written = 0
    skip_s = 0.0
    probed = 0
    ceased = False

    def take(self, message: Message) -> None:
        match message:
            case PlanMessage():
                self.interval_s = message.plan["interval_ns"] / NS_PER_S
                self.probe_s = message.plan["probe_ns"] / NS_PER_S
                self.samples = message.plan["samples"]
                self.written = message.plan["written"]
                self.skip_s = message.plan["skip_ns"] / NS_PER_S
                self.send(
                    Ready({"mode": "exposition", "missing": ["cpu"], "mandatory": ["success"], "not_applicable": []})
                )
            case Scrape() if self.misbehaviour != "no_scrape":
                number = self.written + (message.label == "final")
                self.send(self.sample(number, message.label))
            case Start():
                self.t0_ns = message.t0_ns
            case Stop():
                self.ceased = True
            case _:
                pass

    def sample(self, number: int, label: str) -> Sample:
        return Sample(
            number, label, time.monotonic_ns(), True, {"sample_num": str(number)}, {"requests": 10 * number}, [],
            {"requests": 100 + 10 * number},
        )  # fmt: skip

    def work(self, elapsed_s: float) -> None:
        if elapsed_s > 0.5 and self.misbehaviour == "die":
            os._exit(9)
        if self.ceased:
            return
        if self.misbehaviour != "silent" and elapsed_s >= (self.probed + 1) * self.probe_s:
            self.probed += 1
            requests = 20.0 * self.probed
            self.send(Probe(time.monotonic_ns(), 1_000_000, True, "", requests, 0.0, 0.0, 1.0, 0.0, 0.0))
        if self.written < self.samples and elapsed_s + self.skip_s >= (self.written + 1) * self.interval_s:
            self.written += 1
            self.send(self.sample(self.written, ""))

    def leave(self) -> None:
        self.send(ObserverFinal({"scrapes": self.written}))


def main(arguments: list[str]) -> None:
    """Read `[child] --fd N [--number K]` and be that child."""
    fd = int(arguments[arguments.index("--fd") + 1])
    if arguments[0] == "child":
        FakeObserver(fd, 0, "observer").run()
    else:
        FakeWorker(fd, int(arguments[arguments.index("--number") + 1]), "worker").run()


if __name__ == "__main__":
    main(sys.argv[1:])
