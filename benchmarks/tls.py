"""Processor time for one request over TLS at a constant rate, beside the peers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.certificate import self_signed
from benchmarks.engine import take_turns
from benchmarks.figure import compared, result, table
from benchmarks.peers import Work
from benchmarks.process import server

if TYPE_CHECKING:
    import argparse


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rate", type=int, default=15_000, help="requests per second")
    parser.add_argument("--seconds", type=int, default=6, help="length of each run")
    parser.add_argument("--alternations", type=int, default=5, help="how often all take turns")
    parser.add_argument("--connections", type=int, default=20)
    parser.add_argument("--peers", default="all", help="names divided by commas; empty for none")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Let worker and peers take turns; the certificate is made for this run."""
    with self_signed() as certificate, server("loadgen.demo.null", "--cert", str(certificate)) as (url, _):
        work = Work(url, options.rate, options.seconds, options.connections, str(certificate))
        runs = take_turns(options, work, certificate.read_bytes().split(b"-----BEGIN PRIVATE")[0])
    name = f"CPU per request over TLS at {options.rate:,}/s"
    return result([compared(name, "us", runs, bar=1.4, goal=1.1, against="wrk2")], runs=runs)


def render(figures: dict[str, Any]) -> str:
    """Return the table."""
    return table(figures["figures"])
