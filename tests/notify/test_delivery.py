"""Messages reach a real receiver, whatever it does at first, in a bounded time and without telling its address."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from loadgen.core.redact import Secret
from loadgen.notify import delivery
from loadgen.notify.delivery import Answer, Patience, deliver, pause_before, post_json, post_to_slack
from tests.support.webhook import Reply, webhook

if TYPE_CHECKING:
    from loadgen.notify.delivery import Post

PATH = "/services/T000/B000/aVerySecretPart12345"
BOTH = pytest.mark.parametrize("post", [post_to_slack, post_json], ids=["slack", "other"])


@BOTH
async def test_a_message_arrives_as_it_was_given(post: Post) -> None:
    with webhook() as receiver:
        result = await deliver(post, Secret(receiver.url + PATH), {"text": "grün & <gut>"})
    assert (result.delivered, result.detail) == (True, "delivered at attempt 1")
    assert (receiver.bodies, receiver.paths) == ([{"text": "grün & <gut>"}], [PATH])


@BOTH
async def test_429_is_tried_again_after_what_the_receiver_asks(post: Post) -> None:
    with webhook(Reply(429, {"Retry-After": "1"}), Reply()) as receiver:
        began = time.monotonic()
        result = await deliver(post, Secret(receiver.url + PATH), {"text": "x"})
    assert (result.delivered, result.attempts) == (True, 2)
    assert time.monotonic() - began >= 1


@BOTH
async def test_a_retry_after_beyond_the_time_that_is_left_is_not_waited_for(post: Post) -> None:
    with webhook(Reply(429, {"Retry-After": "3600"})) as receiver:
        began = time.monotonic()
        result = await deliver(post, Secret(receiver.url + PATH), {"text": "x"})
    assert time.monotonic() - began < 5
    assert result.detail == "status 429 ok; another attempt in 3600 s would be too late (1 of 3 attempts)"


@BOTH
async def test_500_is_tried_three_times(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "_FIRST_PAUSE_S", 0.01)
    with webhook(Reply(500, body="oops")) as receiver:
        result = await deliver(post, Secret(receiver.url + PATH), {"text": "x"})
    assert len(receiver.bodies) == 3
    assert (result.delivered, result.detail) == (False, "status 500 oops (3 of 3 attempts)")


@BOTH
async def test_a_refusal_for_good_is_not_tried_again(post: Post) -> None:
    with webhook(Reply(404, body="no_service")) as receiver:
        result = await deliver(post, Secret(receiver.url + PATH), {"text": "x"})
    assert len(receiver.bodies) == 1
    assert result.detail == "status 404 no_service (1 of 3 attempts)"


@BOTH
async def test_a_receiver_that_hangs_costs_a_bounded_time(post: Post) -> None:
    with webhook(Reply(hang=True)) as receiver:
        began = time.monotonic()
        result = await deliver(post, Secret(receiver.url + PATH), {"text": "x"}, Patience(3, 0.6, 0.3))
    assert time.monotonic() - began < 5
    assert not result.delivered
    assert "no answer within 0.3 s" in result.detail


@BOTH
async def test_a_refused_connection_is_a_sentence_without_the_address(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "_FIRST_PAUSE_S", 0.01)
    with webhook() as receiver:
        url = receiver.url
    result = await deliver(post, Secret(url + PATH), {"text": "x"})
    assert not result.delivered
    assert "Connect" in result.detail
    assert "aVerySecretPart12345" not in result.detail


async def test_a_redirect_is_not_followed() -> None:
    with webhook() as elsewhere, webhook(Reply(307, {"Location": elsewhere.url})) as receiver:
        result = await deliver(post_json, Secret(receiver.url + PATH), {"text": "x"})
    assert elsewhere.bodies == []
    assert result.detail == (
        "status 307: answered with a redirect, which is not followed: correct the address (1 of 3 attempts)"
    )


async def test_an_answer_that_repeats_the_address_is_masked() -> None:
    with webhook(Reply(400, body=f"bad url {PATH}")) as receiver:
        result = await deliver(post_json, Secret(receiver.url + PATH), {"text": "x"})
    assert "aVerySecretPart12345" not in result.detail


def test_the_pause_grows_and_obeys_seconds_and_dates() -> None:
    assert [pause_before(attempt, None, 0.0) for attempt in (1, 2, 3)] == [0.5, 1.0, 2.0]
    assert pause_before(1, Answer(429, {"retry-after": "30"}), 0.9) == 30
    assert pause_before(1, Answer(429, {"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}), 0.0) == 0
    assert pause_before(1, Answer(429, {"retry-after": "soon"}), 0.0) == 0.5


async def test_without_time_nothing_is_tried() -> None:
    result = await deliver(post_json, Secret("http://127.0.0.1:9/x"), {}, Patience(3, 0.0))

    assert not result.delivered
    assert "no time is left" in result.detail
