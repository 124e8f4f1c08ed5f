"""A program is asked with a bound, and what it is handed is nowhere to be seen."""

from __future__ import annotations

import sys

from loadgen.run.preflight_process import ask


async def test_what_a_program_says_comes_back_with_its_code() -> None:
    program = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    answer = await ask([sys.executable, "-c", program], 30)
    assert (answer.code, answer.stdout, answer.stderr) == (3, "out\n", "err\n")


async def test_what_is_handed_over_is_read_from_descriptors_and_not_from_arguments() -> None:
    program = (
        "import os, sys; a, b = sys.argv[1:]; print(os.read(int(a), 99).decode(), open(b).read(), os.environ.get('X'))"
    )
    answer = await ask(
        [sys.executable, "-c", program, "{one}", "/dev/fd/{two}"],
        30,
        environment={"X": "kept"},
        handed={"one": b"secret-1", "two": b"y" * 100_000},
    )
    assert answer.stdout == f"secret-1 {'y' * 100_000} kept\n"


async def test_a_silent_program_is_killed() -> None:
    answer = await ask([sys.executable, "-c", "import time; time.sleep(60)"], 0.2)
    assert (answer.code, answer.stderr) == (None, "gave no answer within 0.2 s")


async def test_a_program_that_is_not_there_is_an_answer_too() -> None:
    answer = await ask(["/no/such/program"], 5)
    assert (answer.code, answer.stderr) == (None, "cannot be started: No such file or directory")
