"""The closed set of ways a request ends.

Law: every scheduled request ends in exactly one Outcome or is still open (unsent or in flight) when the run ends, so
scheduled = sent + unsent + dropped and sent = done + failed + in flight always add up. EXPECTATION is a family: each
request that ends so carries the name of the expectation, and is counted under `expect:NAME`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Blame(IntEnum):
    """Who an ending is held against."""

    NOBODY = 0
    TARGET = 1
    OURSELVES = 2


@dataclass(frozen=True, slots=True)
class _Facts:
    text: str
    sent: bool
    blame: Blame


class Outcome(IntEnum):
    """How one request ended; the integer is what the hot path records.

    `ok` outcomes are successes. An outcome with `sent` False ended before its bytes were written and counts as
    dropped; one with `sent` True counts as done (ok) or failed. `blame` OURSELVES never counts against the target.
    """

    OK = 0
    HTTP_4XX = 1
    HTTP_5XX = 2
    UNEXPECTED_REDIRECT = 3
    UNEXPECTED_STATUS = 4
    TIMEOUT = 5
    RESET = 6
    CLOSED_EARLY = 7
    BAD_RESPONSE = 8
    ABORTED = 9
    CONNECT_REFUSED = 10
    CONNECT_TIMEOUT = 11
    CONNECT_FAILED = 12
    TLS_FAILED = 13
    DNS_FAILED = 14
    DROPPED_LATE = 15
    DROPPED_MISSED = 16
    NO_DESCRIPTOR = 17
    NO_PORT = 18
    PROXY_FAILED = 19
    PROXY_REFUSED = 20
    PROXY_DENIED = 21
    EXPECTATION = 22
    BODY_TOO_LONG = 23
    BODY_UNREADABLE = 24
    REDIRECT_NOT_FOLLOWED = 25

    @property
    def label(self) -> str:
        """The name used in every artifact, such as `http_5xx`."""
        return self.name.lower()

    @property
    def text(self) -> str:
        """One sentence for a person."""
        return _FACTS[self].text

    @property
    def ok(self) -> bool:
        return self is Outcome.OK

    @property
    def sent(self) -> bool:
        return _FACTS[self].sent

    @property
    def blame(self) -> Blame:
        return _FACTS[self].blame


_T = Blame.TARGET
_FACTS = {
    Outcome.OK: _Facts("an expected response was complete", sent=True, blame=Blame.NOBODY),
    Outcome.HTTP_4XX: _Facts("the response had a 4xx status", sent=True, blame=_T),
    Outcome.HTTP_5XX: _Facts("the response had a 5xx status", sent=True, blame=_T),
    Outcome.UNEXPECTED_REDIRECT: _Facts("a redirect that preflight had not seen", sent=True, blame=_T),
    Outcome.UNEXPECTED_STATUS: _Facts("a status outside the expected set", sent=True, blame=_T),
    Outcome.TIMEOUT: _Facts("no complete response within the timeout", sent=True, blame=_T),
    Outcome.RESET: _Facts("the connection was reset", sent=True, blame=_T),
    Outcome.CLOSED_EARLY: _Facts("the connection closed before the response was complete", sent=True, blame=_T),
    Outcome.BAD_RESPONSE: _Facts("the bytes received are not an HTTP response", sent=True, blame=_T),
    Outcome.ABORTED: _Facts("cut off by the end of the run", sent=True, blame=Blame.NOBODY),
    Outcome.CONNECT_REFUSED: _Facts("the connection was refused", sent=False, blame=_T),
    Outcome.CONNECT_TIMEOUT: _Facts("no connection within the timeout", sent=False, blame=_T),
    Outcome.CONNECT_FAILED: _Facts("the connection could not be made", sent=False, blame=_T),
    Outcome.TLS_FAILED: _Facts("the TLS handshake failed", sent=False, blame=_T),
    Outcome.DNS_FAILED: _Facts("the host name could not be resolved", sent=False, blame=_T),
    Outcome.DROPPED_LATE: _Facts("waited longer than the timeout for a connection", sent=False, blame=_T),
    Outcome.DROPPED_MISSED: _Facts("the generator was late or suspended", sent=False, blame=Blame.OURSELVES),
    Outcome.NO_DESCRIPTOR: _Facts("this host ran out of file descriptors", sent=False, blame=Blame.OURSELVES),
    Outcome.NO_PORT: _Facts(
        "this host ran out of local ports, or of memory for sockets", sent=False, blame=Blame.OURSELVES
    ),
    Outcome.PROXY_FAILED: _Facts("the proxy could not be reached or did not speak HTTP", sent=False, blame=_T),
    Outcome.PROXY_REFUSED: _Facts("the proxy refused to connect to the target", sent=False, blame=_T),
    Outcome.PROXY_DENIED: _Facts("the proxy wanted other credentials (407)", sent=True, blame=_T),
    Outcome.EXPECTATION: _Facts("an expectation of the plan did not hold", sent=True, blame=_T),
    Outcome.BODY_TOO_LONG: _Facts("the body is too long for the plan's expectations", sent=True, blame=_T),
    Outcome.BODY_UNREADABLE: _Facts("the body does not decode as its Content-Encoding says", sent=True, blame=_T),
    Outcome.REDIRECT_NOT_FOLLOWED: _Facts("a redirect that could not be followed", sent=True, blame=_T),
}

FAILED_LABELS = tuple(
    outcome.label for outcome in Outcome if outcome.sent and outcome not in (Outcome.OK, Outcome.ABORTED)
)
"""Labels of requests that were sent and failed, in column order. ABORTED is not one: it is `in_flight` at the end."""

DROPPED_LABELS = tuple(outcome.label for outcome in Outcome if not outcome.sent)
"""Labels of requests that ended before they were sent, in column order."""

EXPECT_PREFIX = "expect:"
"""What the label of a failed expectation begins with; its name in the plan follows."""

MOST_EXPECTATIONS = 64
"""How many different names of expectations a plan may have."""

OWN_FAULT_LABELS = frozenset(outcome.label for outcome in Outcome if outcome.blame is Blame.OURSELVES)
"""Labels never counted against the target."""
