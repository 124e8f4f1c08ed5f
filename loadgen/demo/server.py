"""The process of the demo service: listen, announce the address, serve until SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import uvloop
from aiohttp import web

from loadgen.core.errors import InputError, Problem
from loadgen.demo.app import make_app

if TYPE_CHECKING:
    from collections.abc import Callable

    from loadgen.demo.settings import Settings

_BACKLOG = 4_096
_SHUTDOWN_S = 2.0


def serve(settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until a signal; call `announce` with the URL once connections are accepted.

    Raises InputError when the address cannot be had.
    """
    uvloop.run(_serve(settings, announce))


async def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    runner = web.AppRunner(make_app(settings), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port, backlog=_BACKLOG)
        try:
            await site.start()
        except OSError as error:
            given = f"{settings.host}:{settings.port}"
            raise InputError([Problem("address", given, f"cannot listen there: {error.strerror}")]) from error
        announce(_url(runner))
        await ended.wait()
    finally:
        await runner.cleanup()


def _url(runner: web.AppRunner) -> str:
    host, port = runner.addresses[0][:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
