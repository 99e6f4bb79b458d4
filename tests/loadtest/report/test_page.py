import re
from xml.etree import ElementTree

import pytest
from playwright.sync_api import sync_playwright

from loadtest.report.page import render
from loadtest.report.verdict import Count
from tests.support.loadtest import samples


def test_the_page_needs_nothing_from_elsewhere():
    page = render(samples.figures())
    assert not re.search(r"<(script|link|img|iframe)|src=|@import|url\(", page)


def test_every_chart_is_sound_svg():
    charts = re.findall(r"<svg.*?</svg>", render(samples.figures(), samples.figures()), re.DOTALL)
    assert len(charts) == 6
    for chart in charts:
        ElementTree.fromstring(chart)


def test_a_run_without_an_answer_has_a_page():
    figures = samples.figures()
    for route in figures["routes"].values():
        route["curve"] = []
    assert render(figures | {"timeline": [], "marks": []}).count("<svg") == 6


def test_a_page_shows_by_its_own_colours_which_follow_the_reader():
    page = render(samples.figures(), samples.figures())
    light, dark = re.findall(r":root \{ (.*?) \}", page)
    named = set(re.findall(r"(--\w+):", light))
    assert named == set(re.findall(r"(--\w+):", dark))
    assert set(re.findall(r"var\((--\w+)\)", page)) <= named | {"--verdict"}
    assert "#" not in "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))


def test_the_verdict_and_its_reasons_stand_at_the_top():
    lost = Count(redirects=10, clicks=9, lost={"a": 1})
    page = render(samples.figures(slowest_ms=20, errors=["status 500"], counted=lost))
    top = page[: page.index("class=tile")]
    assert "The budget is broken" in top
    assert "1 clicks lost" in top
    assert "GET /{unknown}: errors 100 %" in top


def test_what_was_measured_is_escaped():
    page = render(samples.figures(errors=["<b>bad</b>"]))
    assert "A &lt;run&gt;" in page
    assert "<b>bad</b>" not in page


def test_variables_are_named_as_they_are_typed_and_what_is_not_set_is_left_out():
    figures = samples.figures()
    figures["environment"] |= {
        "HOPLINE_REDIS_URL": "redis://x",
        "load_average": 1,
        "processes": None,
    }
    page = render(figures)
    assert "<dt>HOPLINE_REDIS_URL</dt>" in page
    assert "<dt>load average</dt>" in page
    assert "None</dd>" not in page


def test_a_faster_run_shows_against_the_baseline():
    page = render(samples.figures(slowest_ms=10), samples.figures(slowest_ms=20))
    assert "Beside the baseline of 2026-11-23" in page
    assert "-50% against the baseline" in page
    assert page.count("<title>baseline</title>") == 2


def test_without_a_baseline_there_is_no_comparison():
    assert "baseline" not in render(samples.figures()).replace("--baseline", "")


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1000])
def test_nothing_is_wider_than_the_window(browser, tmp_path, width, scheme):
    path = tmp_path / "report.html"
    path.write_text(render(samples.figures(), samples.figures()))
    viewport = {"width": width, "height": 800}
    with browser.new_page(viewport=viewport, color_scheme=scheme) as page:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("svg:visible").count() == 3


def test_a_ramp_says_where_it_broke():
    figures = samples.figures()
    assert "broke at" not in render(figures)
    figures["options"]["load_shape"] = "ramp"
    assert "<b>never</b><span>broke at" in render(figures)


def test_the_page_says_what_decided_and_which_goals_were_missed():
    missed = {"missed_goals": ["the promise: every redirect: p99.9 61 ms, 50 ms was the goal"]}
    page = render(samples.figures() | missed)
    top = page[: page.index("class=tile")]
    assert "Decided by what a run of seconds on a noisy machine can tell" in top
    assert "Missed goals, which change no verdict" in top
    assert "<h2>Goal: the promise</h2>" in page
    assert "Past the budget" not in top


def test_what_made_a_run_void_stands_first_and_is_named():
    page = render(samples.figures(slowest_ms=200, budget="default"))
    top = page[: page.index("class=tile")]
    assert "This run proves nothing" in top
    assert top.index("Why it proves nothing") < top.index("at least 5,000 needed")


def test_a_baseline_of_another_load_is_not_compared_and_said():
    earlier = samples.figures()
    earlier["options"]["rate"] = 150.0
    page = render(samples.figures(), earlier)
    assert "Not compared with the baseline of 2026-11-23" in page
    assert "rate 150, now 100" in page
    assert "against the baseline" not in page
    assert "<title>baseline</title>" not in page


@pytest.mark.parametrize("width", [390, 1280])
def test_no_column_of_a_table_is_cut_off(browser, tmp_path, width):
    """Nobody sees that a table can be pushed sideways."""
    path = tmp_path / "report.html"
    slow, fast = samples.figures(slowest_ms=54_321, budget="default"), samples.figures(2)
    for figures in (slow, fast):
        route = figures["routes"]["GET /{hot}"]
        figures["routes"] |= {f"GET /{{{name}}}": route for name in ("expired", "unknown")}
    path.write_text(render(slow, fast))
    with browser.new_page(viewport={"width": width, "height": 800}) as page:
        page.goto(path.as_uri())
        hidden = page.evaluate(
            "[...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
        )
    assert hidden == [0] * len(hidden)
    assert len(hidden) == 4


def test_no_number_of_the_report_has_a_power_of_ten():
    assert "e+0" not in render(samples.figures(slowest_ms=543_210, budget="default"))


def test_no_curve_covers_the_limit_that_it_has_to_stay_under():
    charts = re.findall(r"<svg.*?</svg>", render(samples.figures(budget="default")), re.DOTALL)
    assert charts[0].rindex("<title>at most 50 ms") > charts[0].rindex("<title>every redirect")
