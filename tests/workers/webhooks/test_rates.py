import pytest

from workers.webhooks.rates import QUIET_CLICKS, SPIKE_CLICKS, Rates

HOUR = 3600.0
START = 1_800_000_000.0


def steady(rates: Rates, per_hour: int, hours: int, code: str = "a") -> float:
    """Have a link clicked steadily; return the time of the last click."""
    gap = HOUR / per_hour
    for number in range(per_hour * hours):
        rates.note(code, START + number * gap)
    return START + (per_hour * hours - 1) * gap


def burst(rates: Rates, at: float, count: int) -> None:
    began = at // 300 * 300 + 300
    for number in range(count):
        rates.note("a", began + number / 10)


def test_many_more_clicks_than_usual_are_a_spike() -> None:
    rates = Rates()
    last = steady(rates, 12, 24)
    assert rates.spike("a") is None
    burst(rates, last, SPIKE_CLICKS)
    spike = rates.spike("a")
    assert spike is not None
    assert (spike.code, spike.clicks) == ("a", SPIKE_CLICKS)
    assert spike.usual == pytest.approx(1.0, rel=0.2)


def test_few_clicks_are_none_nor_are_many_of_a_link_that_has_many() -> None:
    few, busy = Rates(), Rates()
    burst(few, steady(few, 12, 24), SPIKE_CLICKS - 1)
    burst(busy, steady(busy, 1200, 3), SPIKE_CLICKS * 3)
    assert few.spike("a") is None
    assert busy.spike("a") is None
    assert few.spike("unknown") is None


def test_what_is_usual_of_a_new_link_nobody_knows() -> None:
    rates = Rates()
    burst(rates, START, 500)
    assert rates.spike("a") is None
    assert list(rates.quiet(START + 10 * HOUR)) == []


def test_a_link_that_lacks_its_usual_clicks_went_quiet_once() -> None:
    rates = Rates()
    last = steady(rates, 10, 24)
    assert list(rates.quiet(last + HOUR)) == []
    needed = QUIET_CLICKS / 10 * HOUR
    assert list(rates.quiet(last + needed * 0.8)) == []
    (quiet,) = rates.quiet(last + needed * 1.3)
    assert (quiet.code, quiet.last) == ("a", int(last))
    assert quiet.usual == pytest.approx(10, rel=0.2)
    assert list(rates.quiet(last + needed * 2)) == []


def test_clicks_out_of_order_break_nothing() -> None:
    rates = Rates()
    last = steady(rates, 60, 2)
    rates.note("a", START - HOUR)
    rates.note("a", last + 1)
    assert rates.spike("a") is None


def test_they_are_kept_and_read_back() -> None:
    rates, others = Rates(), Rates()
    last = steady(rates, 10, 24)
    others.decode(rates.encode())
    assert [quiet.code for quiet in others.quiet(last + 3 * HOUR)] == ["a"]
    for text in ("", "[]", "{", '{"a": 1}', '{"a": ["x", 1, 2]}'):
        others.decode(text)


def test_of_very_many_links_those_with_most_clicks_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.webhooks.rates._MOST_LINKS", 10)
    monkeypatch.setattr("workers.webhooks.rates._SLACK", 2)
    rates = Rates()
    steady(rates, 10, 24, "busy")
    for number in range(100):
        rates.note(f"code{number}", START + number)
    assert "busy" in rates.encode()
    assert rates.encode().count("code") <= 10
