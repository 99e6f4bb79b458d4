import pytest

from app.config.access import MetricsAccess
from app.health.metrics import Shown
from app.health.system.samples import Away, latency, read_samples, value_of

ACCESS = MetricsAccess("127.0.0.1:9180", "HOPLINE_REDIRECT_METRICS_BIND", instance="ours")
TEXT = """\
# TYPE hopline_response_seconds histogram
hopline_response_seconds_bucket{le="0.01"} 90
hopline_response_seconds_bucket{le="0.05"} 99
hopline_response_seconds_bucket{le="0.1"} 99
hopline_response_seconds_bucket{le="+Inf"} 100
hopline_response_seconds_count 100
hopline_response_seconds_sum 1.5
# TYPE hopline_clicks counter
hopline_clicks_total{outcome="confirmed"} 7
# TYPE hopline_backlog gauge
hopline_backlog NaN
"""


def shown(_bind: str, _token: str | None) -> Shown:
    return Shown(TEXT, "ours")


def test_values_are_found_by_name_and_labels() -> None:
    samples = read_samples("redirect", ACCESS, shown)
    assert value_of(samples, "hopline_clicks_total", outcome="confirmed") == 7
    assert value_of(samples, "hopline_clicks_total", outcome="refused") is None
    assert value_of(samples, "hopline_backlog") is None


def test_a_histogram_tells_how_many_kept_to_the_budget() -> None:
    found = latency(read_samples("redirect", ACCESS, shown), "hopline_response_seconds", 0.05)
    assert (found["answers"], found["within_budget"]) == (100, 0.99)
    assert (found["p50_seconds"], found["p99_seconds"]) == (0.01, 0.05)
    assert found["buckets"] == [
        {"up_to_seconds": 0.01, "answers": 90},
        {"up_to_seconds": 0.05, "answers": 9},
        {"up_to_seconds": 0.1, "answers": 0},
        {"up_to_seconds": None, "answers": 1},
    ]


def test_where_nothing_was_answered_there_is_no_share() -> None:
    found = latency({}, "hopline_response_seconds", 0.05)
    assert (found["answers"], found["within_budget"], found["p99_seconds"]) == (0, None, None)
    assert found["buckets"] == []


def refused(_bind: str, _token: str | None) -> Shown:
    raise ConnectionRefusedError("refused")


@pytest.mark.parametrize(
    ("access", "scrape", "said"),
    [
        (MetricsAccess("off", "HOPLINE_X"), shown, "HOPLINE_X is off"),
        (ACCESS, refused, "at 127.0.0.1:9180: refused"),
        (ACCESS, lambda *_: Shown(TEXT, "theirs"), "no metrics of this installation's redirect"),
        (ACCESS, lambda *_: Shown("x{", "ours"), "the metrics of the redirect"),
    ],
)
def test_what_tells_nothing_is_away(access: MetricsAccess, scrape, said: str) -> None:
    with pytest.raises(Away, match=said):
        read_samples("redirect", access, scrape)
