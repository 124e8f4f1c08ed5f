"""Ask a program something: start it, read what it says, never wait for ever.

Laws: a secret goes through an inherited descriptor and never into arguments, environment or a file that has a name;
what outlives its time is killed.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loadgen.run.launch import child_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO


@dataclass(frozen=True, slots=True)
class Answer:
    """What a program said; `code` is None when it was killed for its silence or could not be started."""

    code: int | None
    stdout: str
    stderr: str


async def ask(
    command: Sequence[str],
    timeout_s: float,
    *,
    environment: Mapping[str, str] | None = None,
    handed: Mapping[str, bytes] | None = None,
) -> Answer:
    """Run a command to its end and return what it said.

    The environment is ours without its secrets unless one is given. Each of `handed` is readable by the program at a
    descriptor whose number replaces `{name}` in the arguments.
    """
    with ExitStack() as open_files:
        numbers = {
            name: open_files.enter_context(_nameless(content)).fileno() for name, content in (handed or {}).items()
        }
        arguments = [_filled(word, numbers) for word in command]
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=child_environment(os.environ) if environment is None else dict(environment),
                pass_fds=tuple(numbers.values()),
                start_new_session=True,
            )
        except OSError as error:
            return Answer(None, "", f"cannot be started: {error.strerror}")
    return await _listen(process, timeout_s)


def _nameless(content: bytes) -> IO[bytes]:
    """Return a file without a name that holds the content, at its beginning; in memory where the system can."""
    file: IO[bytes] = (
        os.fdopen(os.memfd_create("handed", os.MFD_CLOEXEC), "w+b")
        if hasattr(os, "memfd_create")
        else tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    )
    file.write(content)
    file.flush()
    file.seek(0)
    return file


def _filled(word: str, numbers: Mapping[str, int]) -> str:
    for name, number in numbers.items():
        word = word.replace(f"{{{name}}}", str(number))
    return word


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
