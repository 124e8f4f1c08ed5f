"""Signing in: a redirect, a cookie, and a page that knows the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.demo import Demo


async def test_a_session_knows_who_signed_in(demo: Demo) -> None:
    answer = await demo.client.post("/api/session", json={"name": "Ann; Böb"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/api/session")
    cookie = answer.headers["Set-Cookie"]
    assert cookie == "session=Ann%3B%20B%C3%B6b; Path=/api/session; HttpOnly"

    status, who = await demo.get("/api/session", headers={"Cookie": cookie.partition(";")[0]})

    assert (status, who) == (200, {"name": "Ann; Böb"})


async def test_without_a_session_nobody_is_known(demo: Demo) -> None:
    assert (await demo.get("/api/session", headers={"Cookie": ""}))[0] == 401


@pytest.mark.parametrize(("body", "status"), [("{", 400), ("[]", 422), ('{"name": ""}', 422), ("", 422)])
async def test_signing_in_takes_a_name(demo: Demo, body: str, status: int) -> None:
    assert (await demo.post("/api/session", data=body))[0] == status
