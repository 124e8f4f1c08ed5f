"""What nobody caught is shown masked: exceptions of the main thread and of others, and lines of the logging module.

Law: only an entry point calls this, once its secrets are known; calling it again with more of them replaces the first.
"""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from loadgen.core.redact import Redactor


def mask_uncaught(redactor: Redactor, stream: TextIO | None = None) -> None:
    """Have every uncaught exception and every warning of a library pass the redactor on its way to a stream.

    `stream` is standard error unless given. asyncio reports exceptions of forgotten tasks through logging, so those
    are covered too.
    """
    out = sys.stderr if stream is None else stream

    def show(error: BaseException | None, where: str) -> None:
        if error is not None:
            out.write(f"{where}{redactor.traceback(error)}\n")
            out.flush()

    def of_main(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        show(error, "")

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            show(args.exc_value, f"exception in thread {args.thread.name if args.thread else '?'}:\n")

    sys.excepthook = of_main
    threading.excepthook = of_thread
    handler = logging.StreamHandler(out)
    handler.setFormatter(_MaskingFormatter(redactor))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


class _MaskingFormatter(logging.Formatter):
    """Formats a record as usual, its traceback included, and masks the whole."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.text(super().format(record))
