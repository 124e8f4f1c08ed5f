"""metadata.json: what a run was asked to do, on which host, and how it ended.

Laws: every key is always there (null where it is not known yet); the file is replaced atomically, so a reader sees
one whole version or the one before; it never holds a secret, because the writer passes what it writes through a
Redactor first.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

import orjson

from loadgen.core.errors import LoadgenError
from loadgen.core.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA_VERSION = 1
Document = dict[str, Any]


class Status(StrEnum):
    """How a run stands or ended.

    STOPPED: an orderly stop was asked for (stop file, SIGTERM, `loadgen stop`); INTERRUPTED: Ctrl-C; HANGUP: the
    terminal went away; FAILED: a child died or a tool error. RUNNING in a file whose process is gone: it was killed.
    """

    RUNNING = "running"
    COMPLETED = "completed"
    ABORTED_CIRCUIT_BREAKER = "aborted_circuit_breaker"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"
    HANGUP = "hangup"
    FAILED = "failed"


class MetadataError(LoadgenError):
    """A metadata.json that cannot be read."""


_NULLS = (
    "run_id", "kind", "profile", "environment", "exit_code", "start_timestamp", "end_timestamp", "t0", "base_url",
    "rate", "rate_per_s", "planned_requests", "concurrency", "workers", "duration_seconds", "interval_seconds",
    "samples", "jwt_provided", "cache_miss_counted", "breaker_counts_misses", "plan", "fingerprint", "breaker",
    "validity", "counters_at_start", "counters_at_end", "server_window", "metrics_mode", "load", "warmup", "error",
    "supervisor", "renewal", "floor", "trace_id",
)  # fmt: skip


def blank() -> Document:
    """Return a document with every key: null, empty, or what a new run has."""
    document: Document = {"schema_version": SCHEMA_VERSION, "status": Status.RUNNING.value}
    document.update(dict.fromkeys(_NULLS))
    document.update(
        metrics_url=[],
        samples_written=0,
        slo_targets={},
        mandatory_metrics=[],
        not_applicable=[],
        scraped_at={},
        exercise={"requests": 0, "by_outcome": {}, "by_operation": {}},
        preflight=[],
        gaps=[],
        resumed=[],
        synthetic=False,
        notes=[],
    )
    return document


def write_metadata(path: Path, document: Document) -> None:
    """Replace the file, whole or not at all. Raises OSError."""
    data = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
    write_whole(path, data)


def read_metadata(path: Path) -> Document:
    """Read a metadata.json, filling keys that an older version lacks; raise MetadataError saying what is wrong."""
    try:
        value = orjson.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise MetadataError(f"{path}: no such file; is this a run directory?") from error
    except OSError as error:
        raise MetadataError(f"{path}: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise MetadataError(f"{path}: not JSON ({error})") from error
    if not isinstance(value, dict):
        raise MetadataError(f"{path}: not a JSON object")
    version = value.get("schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise MetadataError(f"{path}: schema version {version!r}, this program reads {SCHEMA_VERSION}")
    return {**blank(), **value}
