import re

from matplotlib.figure import Figure

from loadtest.common.plot import LIGHT, TOLD, inline, rarity, save


def figure():
    drawn = Figure(frameon=False)
    axes = drawn.add_axes((0.1, 0.1, 0.8, 0.8))
    axes.plot([1, 2], [3, 4], color=LIGHT["c3"], gid=f"{TOLD}GET /{{<hot>}}")
    axes.tick_params(length=0)
    return drawn


def test_a_percentile_ten_times_rarer_stands_one_step_further():
    assert [round(rarity(percent)) for percent in (90, 99, 99.9)] == [10, 100, 1000]


def test_no_two_colours_are_the_same_lest_one_becomes_the_other_in_the_dark():
    assert len(set(LIGHT.values())) == len(LIGHT)


def test_the_same_figure_is_the_same_file_whenever_it_is_written(tmp_path, monkeypatch):
    for name, moment in (("first.svg", "0"), ("second.svg", "86400")):
        monkeypatch.setenv("SOURCE_DATE_EPOCH", moment)
        save(figure(), tmp_path / name)
    first = (tmp_path / "first.svg").read_text()
    assert "clip-path" in first
    assert first == (tmp_path / "second.svg").read_text()


def test_a_chart_in_a_page_has_the_pages_colours_and_nothing_that_two_charts_could_share():
    svg = inline(figure(), "Latency")
    assert svg.startswith('<svg role="img" aria-label="Latency"')
    assert "stroke: var(--c3)" in svg
    assert not re.search(r"#| id=|url\(|<defs|<metadata", svg)


def test_a_curve_in_a_page_says_its_name_under_the_mouse():
    assert "<g><title>GET /{&lt;hot&gt;}</title><path" in inline(figure(), "Latency")
