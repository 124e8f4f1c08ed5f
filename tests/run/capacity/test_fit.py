"""Fits over the steps of a search."""

from __future__ import annotations

import pytest

from loadgen.run.capacity.fit import find_bends, fit_scalability, headroom


def law(n: float, one: float, sigma: float, kappa: float) -> dict[str, float]:
    return {"inside": n, "done_per_s": one * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))}


def test_the_law_is_recovered_from_its_own_points() -> None:
    fitted = fit_scalability([law(n, 50, 0.05, 0.001) for n in (1, 2, 4, 8, 16, 32)])

    assert fitted is not None
    assert (fitted.one_per_s, fitted.sigma, fitted.kappa) == pytest.approx((50, 0.05, 0.001), rel=1e-6)
    assert fitted.r_squared == pytest.approx(1)
    # sqrt(0.95 / 0.001) = 30.8
    assert fitted.peak_n == pytest.approx(30.82, rel=1e-3)


def test_a_service_that_scales_without_loss_has_no_peak() -> None:
    fitted = fit_scalability([law(n, 50, 0, 0) for n in (1, 2, 4, 8)])

    assert fitted is not None
    assert (fitted.sigma, fitted.kappa) == pytest.approx((0, 0), abs=1e-9)


def test_a_term_that_would_be_negative_is_left_out() -> None:
    steps = [{"inside": n, "done_per_s": x} for n, x in ((1, 40), (2, 100), (4, 210), (8, 400))]

    fitted = fit_scalability(steps)

    assert fitted is not None
    assert fitted.sigma >= 0
    assert fitted.kappa >= 0


@pytest.mark.parametrize("count", [0, 3])
def test_too_few_steps_fit_nothing(count: int) -> None:
    assert fit_scalability([law(n + 1, 50, 0, 0) for n in range(count)]) is None
    assert fit_scalability([law(10, 50, 0, 0)] * 9) is None


def test_steps_without_two_requests_inside_say_nothing_of_waiting() -> None:
    # measured on a service far from its limit: the law fitted a peak of 313/s with 0.65 requests inside
    quiet = [{"inside": n, "done_per_s": x} for n, x in ((0.07, 25), (0.26, 50), (0.22, 100), (0.39, 200))]

    assert fit_scalability(quiet) is None
    assert fit_scalability([*quiet, {"inside": 2.5, "done_per_s": 400}]) is not None


def test_the_figure_that_bends_at_the_lowest_rate_comes_first() -> None:
    rates = (50, 100, 150, 200, 250, 300, 350)
    steps = [
        {
            "offered_per_s": rate,
            "server.cpu_percent": rate / 5 + max(0, rate - 150),
            "p99_ms": 20.0 + max(0, rate - 300) * 3,
            "server.rss_mb": 100 + rate / 10,
        }
        for rate in rates
    ]

    bends = find_bends(steps, ["p99_ms", "server.rss_mb", "server.cpu_percent", "missing"])

    assert [(bend.name, bend.rate_per_s) for bend in bends] == [("server.cpu_percent", 150), ("p99_ms", 300)]
    assert (bends[0].before, bends[0].after) == pytest.approx((0.2, 1.2))


def test_headroom_is_what_is_left_of_the_rate_that_holds() -> None:
    assert headroom(400, 80) == pytest.approx(0.8)
    assert headroom(100, 200) == pytest.approx(-1)
    assert headroom(None, 80) is None
