"""Ask a program something: start it, read what it says, never wait for ever.

Laws: a secret goes through a pipe and never into arguments or environment; what outlives its time is killed.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PIPE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said; `code` is None when it was killed for its silence or could not be started."""

    code: int | None
    stdout: str
    stderr: str


async def ask(
    command: Sequence[str], timeout_s: float, *, environment: Mapping[str, str] | None = None, secret: str = ""
) -> Answer:
    """Run a command to its end and return what it said.

    With a `secret`, the argument `{fd}` becomes the number of an inherited descriptor from which it can be read.
    """
    if len(secret.encode()) >= _PIPE_BYTES:
        raise ValueError("the secret does not fit into a pipe")
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, secret.encode())
        os.close(write_end)
        arguments = [word.replace("{fd}", str(read_end)) for word in command]
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=None if environment is None else dict(environment),
            pass_fds=(read_end,) if secret else (),
            start_new_session=True,
        )
    except OSError as error:
        return Answer(None, "", f"cannot be started: {error.strerror}")
    finally:
        os.close(read_end)
    return await _listen(process, timeout_s)


async def _listen(process: asyncio.subprocess.Process, timeout_s: float) -> Answer:
    try:
        async with asyncio.timeout(timeout_s):
            stdout, stderr = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return Answer(None, "", f"gave no answer within {timeout_s:g} s")
    finally:
        if process.returncode is None:
            process.kill()
    return Answer(process.returncode, stdout.decode("utf-8", "replace"), stderr.decode("utf-8", "replace"))
