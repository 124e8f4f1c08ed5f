"""Get a token by command or by call, and another one before it ends.

Laws: off the hot path, in the supervisor; a command runs without a shell and with the user's environment; a failed
renewal keeps the old token, is told, and is tried again until the run is over; whether a token that has ended is good
enough is the target's decision, whose answers are counted like all others.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from loadgen.core.clock import monotonic_ns, utc_now
from loadgen.core.units import NS_PER_S, format_duration
from loadgen.run.preflight_http import open_session, request
from loadgen.run.preflight_process import ask
from loadgen.run.token_answer import Issued, TokenError, read_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from loadgen.core.redact import Redactor, Secret
    from loadgen.plan.connection import TokenCall
    from loadgen.plan.model import LoadPlan, TokenSource

_PATIENCE_S = 30.0
_FIRST_RETRY_NS = NS_PER_S
_LAST_RETRY_NS = 30 * NS_PER_S
_SHOWN = 200
_SUCCESSES = range(200, 300)


async def obtain(source: TokenSource, load: LoadPlan, environ: Mapping[str, str], redactor: Redactor) -> Issued:
    """Get a token now; raise TokenError saying why there is none."""
    if source.command is not None:
        said = await _run(source.command, environ, redactor)
    else:
        assert source.call is not None, "a source is a command or a call"
        said = await _call(source.call, load, redactor)
    return read_answer(said, source, monotonic_ns(), utc_now().timestamp())


async def _run(command: Secret, environ: Mapping[str, str], redactor: Redactor) -> str:
    words = shlex.split(command.reveal())
    program = os.path.basename(words[0])
    try:
        async with asyncio.timeout(_PATIENCE_S + 1):
            answer = await ask(words, _PATIENCE_S, environment=environ)
    except TimeoutError:
        raise TokenError(f"{program} gave no answer within {_PATIENCE_S:g} s") from None
    if answer.code == 0:
        return answer.stdout
    said = (redactor.text(answer.stderr).strip().splitlines() or [""])[-1][:_SHOWN]
    how = "" if answer.code is None else f" ended with exit code {answer.code}"
    raise TokenError(f"{program}{how}{': ' if how and said else ' ' if said else ''}{said}")


async def _call(call: TokenCall, load: LoadPlan, redactor: Redactor) -> str:
    """Make the request as the load's are made, by the same proxy and authorities; a socket is the target's alone."""
    way = replace(load.route, unix_socket="", server_name="")
    headers = {name: value.strip() for name, _, value in (item.reveal().partition(":") for item in call.headers)}
    body = b"" if call.body is None else call.body.reveal().encode()
    if body and "content-type" not in {name.lower() for name in headers}:
        headers["Content-Type"] = "application/json" if body[:1] in b"{[" else "application/x-www-form-urlencoded"
    async with open_session(replace(load, route=way), _PATIENCE_S) as session:
        answer = await request(session, call.method, call.url, headers, body)
    if answer.trouble:
        raise TokenError(f"{redactor.text(call.url)}: {answer.trouble}")
    if answer.status not in _SUCCESSES:
        raise TokenError(f"{redactor.text(call.url)} answered {answer.status}")
    try:
        return answer.body.decode()
    except UnicodeDecodeError:
        raise TokenError(f"{redactor.text(call.url)} answered what is not text") from None


@dataclass(slots=True)
class Renewal:
    """Keeps a run's token fresh; `issued` is the newest one."""

    source: TokenSource
    load: LoadPlan
    environ: Mapping[str, str] = field(repr=False)
    redactor: Redactor
    issued: Issued
    renewals: int = 0
    failures: int = 0

    async def run(self, deliver: Callable[[Secret], None], tell: Callable[[str], None]) -> None:
        """Renew for as long as the run lasts: `deliver` gets each new token, `tell` what the user should know."""
        while True:
            renew_at_ns = self.issued.renew_at_ns(self.source.margin_ns)
            if renew_at_ns is None:
                tell("the token does not say when it ends, so it is not renewed: token.lifetime can say it")
                return
            await _sleep_until(renew_at_ns)
            await self._renew(tell)
            deliver(self.issued.token)

    async def _renew(self, tell: Callable[[str], None]) -> None:
        pause_ns, failed, ended = _FIRST_RETRY_NS, False, False
        while True:
            try:
                self.issued = await obtain(self.source, self.load, self.environ, self.redactor)
            except TokenError as error:
                self.failures += 1
                if not failed:
                    tell(f"the token could not be renewed: {error}; the old one is used{self._still()}")
            else:
                self.redactor.learn(self.issued.token)
                self.renewals += 1
                if failed:
                    tell(f"the token was renewed after {'its end' if ended else 'a failure'}")
                return
            failed = True
            if not ended and self._has_ended():
                ended = True
                tell("the token has ended and could not be renewed: requests go on with it, and the target judges them")
            await _sleep_until(monotonic_ns() + self._until_end(pause_ns))
            pause_ns = min(2 * pause_ns, _LAST_RETRY_NS)

    def _has_ended(self) -> bool:
        return self.issued.expires_ns is not None and monotonic_ns() >= self.issued.expires_ns

    def _until_end(self, pause_ns: int) -> int:
        """Return the pause before the next attempt, cut where the token ends meanwhile, so that this is told."""
        left_ns = (self.issued.expires_ns or 0) - monotonic_ns()
        return min(pause_ns, left_ns) if left_ns > 0 else pause_ns

    def _still(self) -> str:
        left_ns = (self.issued.expires_ns or 0) - monotonic_ns()
        return f" for another {format_duration(round(left_ns, -9))}" if left_ns >= NS_PER_S else ""

    def to_body(self) -> dict[str, int]:
        """Return what stands in metadata.json."""
        return {"renewals": self.renewals, "failures": self.failures}


async def _sleep_until(at_ns: int) -> None:
    await asyncio.sleep(max(0, at_ns - monotonic_ns()) / NS_PER_S)
