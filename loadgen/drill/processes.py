"""The processes that a drill starts: the demo service, a Valkey server, and the observer for one look.

Laws: a process is `sys.executable -P -m MODULE`, in a session of its own, and ends with the drill; no secret of ours is
in its environment or its arguments.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.errors import LoadgenError
from loadgen.core.redact import Redactor, is_secret_key
from loadgen.core.setting_table import SECRET_VARIABLES

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

_START_S = 30.0
_END_S = 10.0


def child_environment(environ: Mapping[str, str], more: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment without secrets, plus `more`."""
    mask = Redactor()
    kept = {
        name: value
        for name, value in environ.items()
        if not (is_secret_key(name) or name in SECRET_VARIABLES or mask.text(value) != value)
    }
    return kept | dict(more or {})


@asynccontextmanager
async def service(module: str, environment: Mapping[str, str]) -> AsyncIterator[dict[str, Any]]:
    """Run a service of ours and yield the first line that it says, a JSON object with its `url`; raise LoadgenError."""
    arguments = ["--port", "0"] if module == "loadgen.demo" else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", module, *arguments, "--die-with", str(os.getpid()),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=dict(environment), start_new_session=True,
    )  # fmt: skip
    try:
        yield await _announced(process, module)
    finally:
        await _end(process)


async def _announced(process: asyncio.subprocess.Process, module: str) -> dict[str, Any]:
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(_START_S):
            line = await process.stdout.readline()
            said = b"" if line else await process.stderr.read()
        announced = orjson.loads(line) if line else None
    except (TimeoutError, orjson.JSONDecodeError) as error:
        raise LoadgenError(f"{module} did not start within {_START_S:g} s") from error
    if not isinstance(announced, dict) or "url" not in announced:
        raise LoadgenError(f"{module} did not start: {said.decode('utf-8', 'replace').strip() or 'it said nothing'}")
    return announced


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_END_S):
            await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()


async def ask_observer(arguments: tuple[str, ...], header: str, timeout_s: float) -> dict[str, Any]:
    """Return what `python -m observer once --json` found; raise LoadgenError with its words.

    `header` is the authorization of the metrics, `Name: value`, empty for none; it goes through a pipe.
    """
    read_fd, write_fd = os.pipe()
    os.write(write_fd, header.encode())
    os.close(write_fd)
    handed = ("--auth-header-fd", str(read_fd)) if header else ()
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "observer", "once", "--json", *arguments, *handed,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=child_environment(os.environ), pass_fds=(read_fd,), start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(read_fd)
    return _found(*await _listen(process, timeout_s))


async def _listen(process: asyncio.subprocess.Process, timeout_s: float) -> tuple[bytes, bytes]:
    try:
        async with asyncio.timeout(timeout_s):
            return await process.communicate()
    except TimeoutError as error:
        raise LoadgenError(f"the observer gave no answer within {timeout_s:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _found(stdout: bytes, stderr: bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(stdout)
    except orjson.JSONDecodeError as error:
        said = stderr.decode("utf-8", "replace").strip() or "it said nothing"
        raise LoadgenError(f"the observer could not look: {Redactor().text(said)}") from error
    if not document.get("ok"):
        hint = f"\n  {document['hint']}" if document.get("hint") else ""
        raise LoadgenError(f"the metrics cannot be read: {document.get('error')}{hint}")
    return dict(document)
