"""The page in a real browser: both colour schemes, narrow and wide, on paper, and with scripts off."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.browser import CHROMIUM, Look, Page, browser, opened
from tests.support.golden import RUNS, whole_page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = [
    pytest.mark.stack,
    pytest.mark.timeout(120),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt-get install chromium"),
]

LOOKS = [Look(width=width, dark=dark) for width in (400, 1400) for dark in (False, True)]
INK = """
(() => [...document.querySelectorAll("canvas")].map((canvas) => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let inked = 0;
  for (let at = 3; at < pixels.length; at += 4) inked += pixels[at] > 0;
  return inked / (pixels.length / 4);
}))()
"""
VISIBLE = """
(() => [...document.querySelectorAll(".chart-svg path.line")]
  .filter((path) => path.checkVisibility() && path.getBoundingClientRect().width > 50).length)()
"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
BRIGHTNESS = (
    "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0) / 3"
)


@pytest.fixture
async def chromium(tmp_path: Path) -> AsyncIterator[str]:
    async with browser(tmp_path / "profile") as address:
        yield address


@pytest.fixture
def pages(tmp_path: Path) -> list[str]:
    """Write the golden runs' pages and return their addresses."""
    addresses = []
    for run in RUNS:
        path = tmp_path / f"{run.name}.html"
        path.write_text(whole_page(run), encoding="utf-8")
        addresses.append(path.as_uri())
    return addresses


async def asked(chromium: str, url: str, look: Look, *questions: str) -> tuple[Page, list[Any]]:
    async with opened(chromium, url, look) as page:
        answers = [await page.ask(question) for question in questions]
    assert page.complaints == []
    assert page.requested == [url]
    return page, answers


async def test_every_chart_is_drawn_in_both_schemes_narrow_and_wide(chromium: str, pages: list[str]) -> None:
    for url in pages:
        for look in LOOKS:
            _, (ink, overflow, brightness) = await asked(chromium, url, look, INK, OVERFLOW, BRIGHTNESS)
            assert len(ink) == 6, (url, look)
            assert all(share > 0.005 for share in ink), (url, look, ink)
            assert overflow == 0, (url, look)
            assert (brightness < 60) == look.dark, (url, look)


async def test_with_scripts_off_the_pictures_stand_in(chromium: str, pages: list[str]) -> None:
    for url in pages:
        for look in LOOKS:
            without = replace(look, scripts=False)
            _, (canvases, visible, overflow) = await asked(
                chromium, url, without, "document.querySelectorAll('canvas').length", VISIBLE, OVERFLOW
            )
            assert (canvases, overflow) == (0, 0)
            assert visible >= 12, (url, look)


async def test_on_paper_the_pictures_stand_in_for_the_drawings(chromium: str, pages: list[str]) -> None:
    _, (visible, brightness, shown) = await asked(
        chromium,
        pages[0],
        Look(width=800, dark=True, paper=True),
        VISIBLE,
        BRIGHTNESS,
        "[...document.querySelectorAll('.plot')].filter((plot) => plot.checkVisibility()).length",
    )
    assert visible >= 12
    assert brightness == 255
    assert shown == 0


async def test_a_hostile_page_runs_nothing(chromium: str, tmp_path: Path) -> None:
    from tests.reports.test_page import HOSTILE, page_of
    from tests.support.runs import quick_run

    place = quick_run(metadata={"base_url": HOSTILE, "environment": HOSTILE}).write(tmp_path / "run")
    path = tmp_path / "hostile.html"
    path.write_text(page_of(place), encoding="utf-8")
    _, (images, scripts) = await asked(
        chromium, path.as_uri(), Look(), "document.images.length", "document.scripts.length"
    )
    assert (images, scripts) == (0, 3)


async def test_the_policy_stops_a_script_that_got_in(chromium: str, tmp_path: Path) -> None:
    """Were something not escaped after all, the browser would refuse to run it."""
    path = tmp_path / "injected.html"
    path.write_text(whole_page(RUNS[0]).replace("<main>", "<main><script>window.got = 1</script>", 1), encoding="utf-8")
    async with opened(chromium, path.as_uri(), Look()) as page:
        assert await page.ask("window.got ?? 0") == 0
        assert any("Content Security Policy" in complaint for complaint in page.complaints)
