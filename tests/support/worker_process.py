"""A real worker process, driven over a socketpair as the supervisor drives it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from loadgen.core.histogram import Histogram
from loadgen.core.messages import (
    Abort,
    Error,
    Exit,
    Final,
    Hello,
    Interval,
    Lease,
    Message,
    PlanMessage,
    Ready,
    Start,
    Stop,
    Tick,
)
from loadgen.core.wire import Decoder, Encoder
from loadgen.plan.codec import encode

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterator

    from loadgen.plan.model import LoadPlan

NS_PER_S = 1_000_000_000
LEASE_NS = 2 * NS_PER_S


T = TypeVar("T", bound=Message)


@dataclass
class Account:
    """Everything one phase of a worker said."""

    ready: dict[str, Any]
    t0_ns: int
    ticks: list[Tick] = field(default_factory=list)
    intervals: list[Interval] = field(default_factory=list)
    final: Final | None = None

    def take(self, message: Message) -> None:
        """Keep a message of a running phase."""
        match message:
            case Tick():
                self.ticks.append(message)
            case Interval():
                self.intervals.append(message)
            case Final():
                self.final = message
            case Error():
                raise AssertionError(message)
            case _:
                pass

    def histogram(self, tag: str) -> Histogram:
        """Return the sum of all intervals' histograms of one tag."""
        total = Histogram(600 * NS_PER_S)
        for interval in self.intervals:
            if tag in interval.histograms:
                total.add(Histogram.decode(interval.histograms[tag]))
        return total

    @property
    def totals(self) -> dict[str, Any]:
        assert self.final is not None, "the worker said no final"
        return self.final.totals


class WorkerProcess:
    """Starts a worker; every wait renews the lease, as a living supervisor does."""

    def __init__(self, number: int = 0, *, renewing: bool = True) -> None:
        ours, theirs = socket.socketpair()
        os.set_inheritable(theirs.fileno(), True)
        command = [sys.executable, "-P", "-m", "loadgen.worker", "--fd", str(theirs.fileno()), "--number", str(number)]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )
        theirs.close()
        self.sock = ours
        self.sock.settimeout(0.05)
        self.renewing = renewing
        self._encoder, self._decoder = Encoder(number), Decoder()
        self._waiting: list[Message] = []
        self._renewed_ns = 0
        self.hello = self.expect(Hello, 20)

    def send(self, message: Message) -> None:
        self.sock.sendall(self._encoder.encode(message))

    def renew(self) -> None:
        now_ns = time.monotonic_ns()
        if self.renewing and now_ns - self._renewed_ns > NS_PER_S // 4:
            self._renewed_ns = now_ns
            with contextlib.suppress(OSError):
                self.send(Lease(now_ns + LEASE_NS))

    def messages(self, within_s: float) -> Iterator[Message]:
        """Yield messages as they come until the link ends; raise TimeoutError when nothing ends the wait."""
        deadline = time.monotonic() + within_s
        while True:
            while self._waiting:
                yield self._waiting.pop(0)
            if time.monotonic() > deadline:
                raise TimeoutError(f"the worker did not get there within {within_s} s")
            self.renew()
            try:
                data = self.sock.recv(1 << 16)
            except TimeoutError:
                continue
            except ConnectionResetError:
                return
            if not data:
                return
            self._waiting += [envelope.message for envelope in self._decoder.feed(data)]

    def expect(self, kind: type[T], within_s: float = 20) -> T:
        """Return the next message of a kind, passing over others; an Error fails the test."""
        for message in self.messages(within_s):
            if isinstance(message, kind):
                return message
            assert not isinstance(message, Error), message
        raise AssertionError(f"the link ended before {kind.__name__}: {self.stderr()}")

    def prepare(self, plan: LoadPlan, index: int = 0, count: int = 1) -> dict[str, Any]:
        """Give a plan and wait until it is ready."""
        self.renew()
        self.send(PlanMessage(encode(plan), "main", index, count))
        return self.expect(Ready).detail

    def run(
        self,
        plan: LoadPlan,
        *,
        stop_after_s: float | None = None,
        within_s: float = 30,
        index: int = 0,
        count: int = 1,
    ) -> Account:
        """Run a plan, or one worker's part of it, to its final account, stopping it early if asked."""
        account = Account(self.prepare(plan, index, count), time.monotonic_ns() + NS_PER_S // 20)
        self.send(Start(account.t0_ns))
        stop_at = None if stop_after_s is None else time.monotonic() + stop_after_s
        for message in self.messages(within_s):
            account.take(message)
            if stop_at is not None and time.monotonic() >= stop_at:
                self.send(Stop(plan.limits.drain_ns))
                stop_at = None
            if account.final is not None:
                return account
        raise AssertionError(f"the link ended before the final account: {self.stderr()}")

    def abort(self) -> None:
        self.send(Abort())

    def leave(self) -> int:
        """Let the worker go and return its exit code."""
        self.send(Exit())
        return self.wait()

    def wait(self, within_s: float = 10) -> int:
        return self.process.wait(within_s)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stderr(self) -> str:
        """Return what the worker printed; it must have ended."""
        self.process.wait(5)
        assert self.process.stderr is not None
        return self.process.stderr.read().decode()

    def close(self) -> None:
        self.sock.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
