"""The Pushgateway as a sink: one stable group, whole pages, deletion, and errors that say what to do."""

from __future__ import annotations

import pytest

from loadgen.core.units import NS_PER_S
from loadgen.drill.gateway import Pushgateway
from loadgen.drill.page import page
from loadgen.drill.relay import Relay
from loadgen.drill.sink import SinkError
from tests.support.gateway import FakeGateway, fake_gateway

GROUP = ("loadgen_synth", "mime-slow")


def sink_of(gateway: FakeGateway) -> Pushgateway:
    return Pushgateway(gateway.url, *GROUP, 30 * NS_PER_S)


def raw(seconds: int = 1) -> bytes:
    return page("mime-slow", Relay(), seconds * NS_PER_S, {})


async def test_every_push_replaces_the_same_group_and_the_end_deletes_it() -> None:
    async with fake_gateway() as gateway:
        sink = sink_of(gateway)
        await sink.begin()
        for seconds in (1, 2):
            await sink.push(raw(seconds))
        assert list(gateway.groups) == [GROUP]
        assert gateway.groups[GROUP].total("action_exec_total") == 100
        await sink.end()
        await sink.close()
    path = "/metrics/job/loadgen_synth/instance/mime-slow"
    assert gateway.requests == ["GET /api/v1/metrics", f"PUT {path}", f"PUT {path}", f"DELETE {path}"]
    assert gateway.groups == {}
    assert gateway.headers[1]["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_the_body_leaves_job_and_instance_to_the_group() -> None:
    async with fake_gateway() as gateway:
        sink = sink_of(gateway)
        await sink.begin()
        await sink.push(raw())
        await sink.close()
    names = {label for _, labels in gateway.groups[GROUP].samples for label, _ in labels}
    assert not names & {"job", "instance"}


async def test_a_group_that_somebody_else_pushes_is_left_alone() -> None:
    async with fake_gateway() as gateway:
        first = sink_of(gateway)
        await first.begin()
        await first.push(raw())
        second = sink_of(gateway)
        with pytest.raises(SinkError, match=r"from somebody else .* ago: end that driver") as error:
            await second.begin()
        assert 'got job="loadgen_synth", instance="mime-slow" from' in str(error.value)
        await second.end()
        assert list(gateway.groups) == [GROUP], "what is not ours is not deleted"
        await first.close()
        await second.close()


async def test_a_group_left_over_from_a_driver_that_was_killed_is_taken_over() -> None:
    async with fake_gateway() as gateway:
        killed = sink_of(gateway)
        await killed.begin()
        await killed.push(raw(9))
        gateway.pushed_at_s[GROUP] -= 31
        sink = sink_of(gateway)
        await sink.begin()
        await sink.push(raw(0))
        assert gateway.groups[GROUP].total("action_exec_total") == 0
        await sink.end()
        assert gateway.groups == {}
        await killed.close()
        await sink.close()


@pytest.mark.parametrize(("status", "final"), [(400, True), (404, True), (429, False), (500, False), (503, False)])
async def test_a_refusal_is_final_and_a_failure_is_not(status: int, final: bool) -> None:
    async with fake_gateway() as gateway:
        sink = sink_of(gateway)
        await sink.begin()
        gateway.answers = [status]
        with pytest.raises(SinkError, match=f"answered PUT with {status}: text format parsing error") as error:
            await sink.push(raw())
        assert error.value.final is final
        await sink.close()


async def test_a_gateway_that_is_away_is_named_without_its_password() -> None:
    sink = Pushgateway("http://me:hunter2@127.0.0.1:1", *GROUP, NS_PER_S)
    with pytest.raises(SinkError, match=r"the Pushgateway at http://127\.0\.0\.1:1 cannot be reached") as error:
        await sink.begin()
    assert not error.value.final
    assert "hunter2" not in f"{error.value} {sink!r} {sink.remedy}"
    await sink.close()


async def test_the_credentials_of_the_address_are_sent() -> None:
    async with fake_gateway() as gateway:
        sink = Pushgateway(gateway.url.replace("//", "//me:pw@"), *GROUP, NS_PER_S)
        await sink.begin()
        await sink.close()
    assert gateway.headers[0]["Authorization"] == "Basic bWU6cHc="


async def test_something_else_that_answers_is_no_gateway() -> None:
    from tests.support.metrics_server import serving, text

    async with serving(text("<html>")) as server:
        sink = Pushgateway(server.url, *GROUP, NS_PER_S)
        with pytest.raises(SinkError, match="is none: /api/v1/metrics is no answer of one"):
            await sink.begin()
        await sink.close()


def test_the_command_that_deletes_by_hand_names_the_group() -> None:
    sink = Pushgateway("http://localhost:9091/", *GROUP, NS_PER_S)
    assert sink.remedy == "curl -X DELETE http://localhost:9091/metrics/job/loadgen_synth/instance/mime-slow"
