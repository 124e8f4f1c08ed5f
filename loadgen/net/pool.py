"""The connections of one origin, the requests that wait for one, and the rules by which connections come and go.

Laws: never more than `capacity` connections, opening ones included, except while one replaces another; a connection
is opened on behalf of a waiting request, or before the start, or to replace an old one, so a target that refuses is
asked once per request and never in a spin; a failed attempt ends the request that waited longest.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic_ns
from typing import TYPE_CHECKING

from loadgen.core.outcome import Blame, Outcome
from loadgen.net.connector import ConnectError, Connector
from loadgen.net.endpoint import Endpoint
from loadgen.net.protocol import Connection, ReceiveBuffer, connection_type

if TYPE_CHECKING:
    from collections.abc import Coroutine

Record = Callable[[tuple[int, int, int, int, int]], None]

_OPENED_AT_ONCE = 32
_RETRY_REPLACING_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of a pool; `life_ns` is the age at which a connection is replaced.

    `requests` is how many a connection gets, 0 without a bound; with 1 none is opened before a request waits for it.
    """

    capacity: int
    timeout_ns: int
    life_ns: int
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Marks:
    """Who is told the phases of a request that the usual case does not have; all in ns.

    `connected` gets when a connection was open, how long connecting took, and TLS, -1 without. `in_parts` gets when a
    request was sent, when the first byte came (0: never) and when it ended, unless all came in one read.
    """

    connected: Callable[[int, int, int], None]
    in_parts: Callable[[int, int, int], None]


def _unmarked(*times_ns: int) -> None:
    """Forget it."""


UNMARKED = Marks(_unmarked, _unmarked)


class Pool:
    """Hands out idle connections and keeps the waiting requests.

    `free` and `backlog` are shared with the engine and the connections, which take from them directly. `serve` is
    called with an idle connection while requests wait; whoever is behind it sends or puts the connection into `free`.
    `hops` counts requests by how many redirects were followed for them, `bytes_added` what was sent beside requests as
    they were made: followed redirects and cookies. Nothing is followed at or after `send_until_ns`.
    Until `serve_until_ns` a connection that becomes idle may take the request that waited longest without asking.
    `blame_late` says how a request that waited too long ends: by the target's fault, or by that of this worker.
    """

    def __init__(
        self,
        connector: Connector,
        limits: PoolLimits,
        record: Record,
        buffer: ReceiveBuffer,
        marks: Marks = UNMARKED,
    ) -> None:
        self._connector = connector
        self.marks = marks
        self._limits = limits
        self._buffer = buffer
        self.record = record
        self.connection = connection_type()
        self.free: deque[Connection] = deque()
        self.backlog: deque[tuple[int, Endpoint]] = deque()
        self.connections: set[Connection] = set()
        self.no_endpoint = Endpoint(0, 0, b"", is_head=False, expected=frozenset())
        self.serve: Callable[[Pool, Connection], None] = _put_aside
        self.blame_late: Callable[[int, int], Outcome] = _blame_target
        self.serve_until_ns = 0
        self.send_until_ns = 0
        self.hops: Counter[int] = Counter()
        self.bytes_added = 0
        self.halted = False
        self.connects = 0
        self.unopened = ""
        """Why the first connection could not be opened before the start."""
        self.unsolicited = 0
        self.opening = 0
        self._replacing = False
        self._bytes_in_before = 0
        self._requests_before: Counter[str] = Counter()
        self._connects_to: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def capacity(self) -> int:
        return self._limits.capacity

    @property
    def bounded(self) -> bool:
        """Whether connections get a limited number of requests, so that each answer must be counted."""
        return self._limits.requests > 0

    @property
    def one_request(self) -> bool:
        """Whether each connection is for one request, which tells the server to close."""
        return self._limits.requests == 1

    def reached(self) -> dict[str, dict[str, int]]:
        """Return {"answers", "connections", "requests"} by address: what the name resolved to and what went there."""
        requests = self._requests_before.copy()
        for connection in self.connections:
            requests[connection.address] += connection.requests
        answers = self._connector.resolver.answered
        return {"answers": dict(answers), "connections": dict(self._connects_to), "requests": dict(requests)}

    @property
    def origin(self) -> str:
        """The origin as a URL."""
        return str(self._connector.origin)

    @property
    def remote_port(self) -> int | None:
        """The port that connections go to, a proxy's where there is one; None for a unix socket."""
        return self._connector.resolver.port

    @property
    def lookups(self) -> int:
        """How often the name was looked up."""
        return self._connector.resolver.lookups

    @property
    def bytes_in(self) -> int:
        """Bytes received by all connections so far."""
        return self._bytes_in_before + sum(connection.bytes_in for connection in self.connections)

    @property
    def room(self) -> int:
        """How many connections may still be opened."""
        return self._limits.capacity - len(self.connections) - self.opening

    def busy(self) -> list[Connection]:
        """Return the connections with a request in flight."""
        return [connection for connection in self.connections if connection.busy]

    async def warm(self) -> Counter[str]:
        """Open all connections, each tried once; return the failures by label.

        None is opened where each request is to open its own. One that is lost at once is not tried again: a server
        that refuses our certificate closes only after the handshake, and would be asked in a spin.
        """
        failures: Counter[str] = Counter()
        left = 0 if self.one_request else self.room
        while (batch := min(left, _OPENED_AT_ONCE)) > 0 and not failures:
            left -= batch
            self.opening += batch
            for failure in await asyncio.gather(*(self._connect() for _ in range(batch))):
                if failure is not None:
                    failures[failure.outcome.label] += 1
                    self.unopened = self.unopened or f"{failure.outcome.text}: {failure.reason}"
        return failures

    def take_free(self) -> Connection | None:
        """Return an idle connection, the one idle longest, or None."""
        while self.free:
            connection = self.free.popleft()
            if not connection.lost:
                return connection
        return None

    def wait(self, due_ns: int, endpoint: Endpoint) -> None:
        """Queue a request, and open a connection for it where there is room."""
        self.backlog.append((due_ns, endpoint))
        if self.room > 0:
            self.open_for_backlog()

    def open_for_backlog(self) -> None:
        """Begin to open one connection for each waiting request, as far as there is room."""
        while not self.halted and self.room > 0 and self.opening < len(self.backlog):
            self._spawn(self._open_for_request())

    def freed(self, connection: Connection) -> None:
        """Take a connection that has just become idle while requests wait, or that is to end."""
        if connection.last:
            connection.leave()
        else:
            self._count(connection)
            self.serve(self, connection)

    def put_free(self, connection: Connection) -> None:
        """Take a connection that has just become idle while nothing waits."""
        self._count(connection)
        self.free.append(connection)

    def _count(self, connection: Connection) -> None:
        """Let a connection that may have only one more request be closed after it."""
        if 0 < self._limits.requests <= connection.requests + 1:
            connection.last = True

    def gone(self, connection: Connection) -> None:
        """Forget a lost connection; open another one if a request waits for it."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._bytes_in_before += connection.bytes_in
            self._requests_before[connection.address] += connection.requests
        if self.backlog:
            self.open_for_backlog()

    def sweep(self, now_ns: int) -> None:
        """End what has timed out or waited too long, and replace one connection that is too old."""
        oldest_sent_ns = now_ns - self._limits.timeout_ns
        for connection in [c for c in self.connections if c.busy and c.sent_ns <= oldest_sent_ns]:
            connection.fail(Outcome.TIMEOUT, now_ns)
        backlog = self.backlog
        while backlog and backlog[0][0] <= oldest_sent_ns:
            self._drop(self.blame_late(backlog[0][0], now_ns), now_ns)
        if not self._replacing and not self.halted:
            self._replace_one(now_ns)

    def overdue(self, now_ns: int) -> int:
        """Count the open requests whose due time is longer ago than the timeout, but for those late by our fault."""
        limit_ns = now_ns - self._limits.timeout_ns
        late = [due_ns for due_ns, _ in self.backlog if due_ns < limit_ns]
        waiting = sum(1 for due_ns in late if self.blame_late(due_ns, now_ns).blame is Blame.TARGET)
        return waiting + sum(1 for connection in self.connections if connection.busy and connection.due_ns < limit_ns)

    def close(self) -> None:
        """Close every connection and end every attempt; requests in flight must have been ended before."""
        self.halted = True
        for task in self._tasks:
            task.cancel()
        for connection in list(self.connections):
            connection.close()
        self.free.clear()

    # --- opening -------------------------------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[object, object, None]) -> None:
        self.opening += 1
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "opening a connection failed in an unforeseen way", "exception": error}
            )

    async def _open_for_request(self) -> None:
        began_ns = monotonic_ns()
        failure = await self._connect()
        if failure is not None:
            self._end_waiting(failure.outcome, began_ns)

    async def _connect(self) -> ConnectError | None:
        """Make one attempt, already counted as opening, and take the connection in; return why it failed."""
        try:
            connection = await self._attempt()
        except ConnectError as error:
            return error
        finally:
            self.opening -= 1
        self._adopt(connection)
        return None

    async def _attempt(self) -> Connection:
        opened = await self._connector.open(lambda: self.connection(self, self._buffer))
        connection = opened.protocol
        if connection.lost:
            raise ConnectError(Outcome.CONNECT_FAILED, "closed as soon as it was open")
        connection.address = opened.address
        self._connects_to[opened.address] += 1
        self.marks.connected(monotonic_ns(), opened.connect_ns, -1 if opened.tls_ns is None else opened.tls_ns)
        return connection

    def _adopt(self, connection: Connection) -> None:
        limits = self._limits
        now_ns = monotonic_ns()
        # the first connections end one after the other, and so do all that replace them
        part = self.connects + 1 if self.connects < limits.capacity else limits.capacity
        connection.retire_ns = now_ns + limits.life_ns * part // limits.capacity
        connection.free_ns = now_ns
        self._count(connection)
        self.connects += 1
        self.connections.add(connection)
        if self.backlog:
            self.serve(self, connection)
        else:
            self.free.append(connection)

    def _end_waiting(self, outcome: Outcome, began_ns: int) -> None:
        """End the request that waited longest; without any connection, all that waited when the attempt began."""
        now_ns = monotonic_ns()
        if self.backlog:
            self._drop(outcome, now_ns)
        while not self.connections and self.backlog and self.backlog[0][0] <= began_ns:
            self._drop(outcome, now_ns)
        if self.backlog:
            self.open_for_backlog()

    def _drop(self, outcome: Outcome, now_ns: int) -> None:
        due_ns, endpoint = self.backlog.popleft()
        self.record((due_ns, 0, 0, now_ns, endpoint.base | outcome))

    # --- replacing -----------------------------------------------------------------------------------------------

    def _replace_one(self, now_ns: int) -> None:
        for connection in self.connections:
            if connection.retire_ns <= now_ns:
                self._replacing = True
                self._spawn(self._replace(connection))
                return

    async def _replace(self, old: Connection) -> None:
        """Open the successor first, so that no request pays for the change; keep the old one if that fails."""
        try:
            connection = await self._attempt()
        except ConnectError:
            old.retire_ns = monotonic_ns() + _RETRY_REPLACING_NS
            return
        finally:
            self.opening -= 1
            self._replacing = False
        if old.busy:
            old.last = True
        else:
            old.close()
        self._adopt(connection)


def _put_aside(pool: Pool, connection: Connection) -> None:
    pool.free.append(connection)


def _blame_target(_due_ns: int, _now_ns: int) -> Outcome:
    return Outcome.DROPPED_LATE
