import re

from loadtest.report.charts import percentile_chart, rate_chart
from loadtest.report.figures import Mark
from tests.support.loadtest import samples


def farthest(svg):
    """The right end of all lines, in pixels."""
    paths = re.findall(r'<path d="(.*?)"', svg)
    return max(float(x) for path in paths for x in re.findall(r"[ML] ([\d.]+) ", path))


def test_a_limit_beyond_the_slowest_request_stands_in_the_chart():
    figures = samples.figures(budget="default")
    for route in figures["routes"].values():
        route["curve"] = [(0, 1.0), (99, 8.0)]
    drawn = percentile_chart(figures, None).drawn
    assert all("50 ms</text>" in svg for svg in drawn.values())
    assert farthest(drawn["wide"]) < 760
    assert farthest(drawn["narrow"]) < 380


def test_a_stretch_is_shaded_no_longer_than_the_run_and_says_what_was_done():
    figures = samples.figures()
    figures["marks"] = [Mark(5, 500, "Redis <frozen>, #5f5f5f")._asdict()]
    drawn = rate_chart(figures).drawn["wide"]
    assert "<title>Redis &lt;frozen&gt;, #5f5f5f</title>" in drawn
    assert farthest(drawn) < 760


def test_what_is_drawn_last_is_named_first_and_routes_in_the_order_of_the_tables():
    figures = samples.figures(errors=["status 500"])
    names = [curve.name for curve in percentile_chart(figures, figures).curves]
    assert names == ["every redirect", "baseline", "GET /{hot}", "GET /{unknown}"]
