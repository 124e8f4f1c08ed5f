"""What a command line, the environment and the files ask for, before any of it is a plan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loadgen.cli.flags import setting_flags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loadgen.core.config import Settings
    from loadgen.plan.load import Inputs
    from loadgen.run.demo_service import DemoService

_OWN_REDIS = "unix:///its-own"


@dataclass(frozen=True, slots=True)
class Asked:
    """`settings` may still have problems, which a plan names; `demo`: the demo service is to be started and used."""

    flags: dict[str, object]
    inputs: Inputs
    settings: Settings
    demo: bool


def inputs_of(given: Mapping[str, Any]) -> Inputs:
    """Return where else settings are read: the environment, the env file, the plan file and its scenario."""
    import os
    from pathlib import Path

    from loadgen.plan.load import Inputs

    env_file = given["env_file"]
    return Inputs(
        os.environ, Path.cwd(), None if env_file is None else Path(env_file), given["plan_file"], given["scenario"]
    )


def asked_of(given: Mapping[str, Any], *own: str) -> Asked:
    """Read every source; `own` are the options that are no settings. `results`, if the command has it, is OUT_DIR.

    The demo service is meant by --demo, and by no base URL at all in development.
    """
    from loadgen.core.config import env_file_for, read_settings
    from loadgen.core.setting_table import Source

    flags = setting_flags(given, *own)
    if "results" in given:
        flags["out"] = given["results"]
    inputs = inputs_of(given)
    env_file = inputs.env_file or env_file_for(given["profile"], inputs.directory)
    settings, _ = read_settings(given["profile"], flags, inputs.environ, env_file, inputs.plan_file, inputs.scenario)
    nowhere = settings.sources["base_url"] is Source.DEFAULT and given["profile"] in (None, "dev")
    return Asked(flags, inputs, settings, demo=settings.demo or nowhere)


def demo_stand_ins(settings: Settings) -> dict[str, object]:
    """Return flags that stand for the demo service's addresses until it is started, so that all else can be checked.

    Its own Redis is among them where it is to be watched and the service, which has our environment, will start one.
    """
    import os

    has_own = os.environ.get("CACHE_IMPL", "").strip().lower() == "redis"
    watched = settings.watch_redis and settings.watched_redis is None and has_own
    return {"demo": True, "base_url": "http://127.0.0.1:1"} | ({"redis_url": _OWN_REDIS} if watched else {})


def with_addresses_of(demo: DemoService, flags: Mapping[str, object]) -> dict[str, object]:
    """Return the flags with the addresses of the demo service in place of their stand-ins."""
    own = flags.get("redis_url") == _OWN_REDIS and demo.redis_url
    return {**flags, "base_url": demo.url, **({"redis_url": demo.redis_url} if own else {})}


def refuse_beside_demo(settings: Settings, *names: str) -> None:
    """Raise InputError when an address of another service was asked for beside the demo service."""
    from loadgen.core.errors import InputError, Problem

    remedy = "the demo service has its own: leave it out, or leave out --demo and give the addresses of your service"
    others = [name for name in names if settings.given_for_this_run(name)]
    if others:
        raise InputError([Problem(settings.label(name), None, remedy) for name in others])


def refuse_to_resume_demo(directory: str | None) -> None:
    """Raise InputError when a run is to be gone on with on a demo service that would be started for it."""
    from loadgen.core.errors import InputError, Problem

    if directory is not None:
        remedy = "the demo service that was started for a run ends with it: give the --base-url that the run was for"
        raise InputError([Problem("--resume", directory, remedy)])
