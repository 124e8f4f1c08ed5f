"""A headless Chromium that is driven over its DevTools protocol: open a page, ask it questions, take its picture."""

from __future__ import annotations

import asyncio
import base64
import itertools
import re
import shutil
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
          "--disable-extensions", "--disable-background-networking", "--remote-debugging-port=0")  # fmt: skip


@dataclass
class Look:
    """How a page is looked at."""

    width: int = 1400
    dark: bool = False
    scripts: bool = True
    paper: bool = False


@dataclass
class Page:
    """An open page; `complaints` are its console's errors, exceptions and everything its policy refused."""

    socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    requested: list[str] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send one command and return its result; what the page says meanwhile is kept."""
        number = next(self._numbers)
        await self.socket.send_json({"id": number, "method": method, "params": params})
        while True:
            message = await self.socket.receive_json(timeout=30)
            if message.get("id") == number:
                assert "error" not in message, message
                result: dict[str, Any] = message["result"]
                return result
            self._hear(message)

    def _hear(self, message: dict[str, Any]) -> None:
        params = message.get("params", {})
        match message["method"]:
            case "Runtime.exceptionThrown":
                self.complaints.append(str(params["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if params["type"] in ("error", "warning", "assert"):
                self.complaints.append(str(params["args"]))
            case "Log.entryAdded" if params["entry"]["level"] in ("error", "warning"):
                self.complaints.append(str(params["entry"]))
            case "Network.requestWillBeSent":
                self.requested.append(params["request"]["url"])

    async def ask(self, expression: str) -> Any:
        """Return the value of an expression; it works with the page's scripts off as well."""
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def picture(self, path: Path) -> None:
        """Write a PNG of the whole page."""
        shot = await self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))


@asynccontextmanager
async def browser(home: Path) -> AsyncIterator[str]:
    """Run a Chromium with a profile below `home`; yield the address of its debugging port."""
    assert CHROMIUM is not None, "Chromium is not installed: apt-get install chromium"
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        *_FLAGS,
        f"--user-data-dir={home}",
        "about:blank",
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        assert process.stderr is not None
        async with asyncio.timeout(40):
            while True:
                line = (await process.stderr.readline()).decode(errors="replace")
                assert line, "Chromium ended before it listened"
                if told := re.search(r"ws://(127\.0\.0\.1:\d+)/", line):
                    break
        drain = asyncio.create_task(process.stderr.read())
        yield f"http://{told[1]}"
        drain.cancel()
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def opened(address: str, url: str, look: Look) -> AsyncIterator[Page]:
    """Open `url` in a tab of its own, as `look` says, and wait until it has loaded."""
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{address}/json/new?about:blank") as answer:
            tab = await answer.json()
        async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log", "Network"):
                await page.call(f"{domain}.enable")
            await _dress(page, look)
            await page.call("Page.navigate", url=url)
            async with asyncio.timeout(30):
                while await page.ask("document.readyState + location.protocol") in (
                    "loadingabout:", "interactiveabout:", "completeabout:", "loadingfile:", "interactivefile:",
                    "loadinghttp:", "interactivehttp:",
                ):  # fmt: skip
                    await asyncio.sleep(0.02)
            await asyncio.sleep(0.25)  # what a page complains of comes a moment after it has loaded
            await page.ask("1")
            yield page
        async with session.get(f"{address}/json/close/{tab['id']}"):
            pass


async def _dress(page: Page, look: Look) -> None:
    await page.call(
        "Emulation.setDeviceMetricsOverride", width=look.width, height=900, deviceScaleFactor=1, mobile=look.width < 600
    )
    scheme = {"name": "prefers-color-scheme", "value": "dark" if look.dark else "light"}
    await page.call("Emulation.setEmulatedMedia", media="print" if look.paper else "", features=[scheme])
    await page.call("Emulation.setScriptExecutionDisabled", value=not look.scripts)
