from loadtest.bench.load.open_loop import OpenRun
from loadtest.bench_console.browser import Opened
from loadtest.bench_console.pages import LISTS, REPORTS, Asked
from loadtest.bench_console.results import Results, p99_seconds
from loadtest.bench_console.store import code_of
from loadtest.bench_console.visitors import Visited


def run(p99_ms: float) -> OpenRun:
    return OpenRun(500, 500, 4000, 4000, 0, 0, 0, {"99": p99_ms}, {}, 0.1)


def verdicts(results: Results) -> dict[str, bool | None]:
    return {target.text: target.is_met for target in results.targets()}


def test_each_kind_of_page_is_held_to_its_own_promise() -> None:
    asked = {
        "overview": Asked(REPORTS, 100, 299, (1, 2)),
        "slow overview": Asked(REPORTS, 100, 301, (1, 2)),
        "links": Asked(LISTS, 100, 199, (1, 2)),
        "slow links": Asked(LISTS, 100, 299, (1, 2)),
    }
    found = verdicts(Results(1, 1, asked))
    assert [found[f"{name}, p95"] for name in asked] == [True, False, True, False]


def test_without_chromium_nothing_is_said_of_what_it_would_have_seen() -> None:
    found = verdicts(Results(1, 1))
    assert found["layout shift, worst"] is None
    assert found["click → seen in Overview, p99"] is None
    assert found["click → seen on Live, p99"] is False


def test_the_worst_opening_counts() -> None:
    opened = Opened([11, 13], [100_000, 100_000], [900, 900], [0, 0.001], [0, 99])
    found = verdicts(Results(1, 1, opened=opened, overview_seconds=[1.0], live_seconds=[0.2]))
    assert [found[f"{text}, worst"] for text in ("overview's requests", "layout shift")] == [
        False, False,
    ]  # fmt: skip
    assert found["overview's weight, kB, worst"]
    assert found["longest task, worst"]


def test_a_difference_that_the_machine_makes_by_itself_is_void() -> None:
    text = "redirect p99 beside 200 open Live pages ÷ without"
    calm = Visited(200, [run(2.0), run(2.1)], [run(2.1), run(2.2)], 100_000_000)
    assert verdicts(Results(1, 1, visited=calm))[text] is True
    slower = Visited(200, [run(2.0), run(2.1)], [run(3.0), run(3.0)], 400_000_000)
    found = verdicts(Results(1, 1, visited=slower))
    assert (found[text], found["console's RSS meanwhile"]) == (False, False)
    restless = Visited(200, [run(2.0), run(4.0)], [run(3.0), run(3.0)])
    assert verdicts(Results(1, 1, visited=restless))[text] is None


def test_of_few_ages_the_oldest_counts_and_none_is_without_end() -> None:
    assert round(p99_seconds([0.5, 1.5]), 1) == 1.5
    assert p99_seconds([]) == float("inf")


def test_links_that_clicks_were_made_up_for_have_their_codes() -> None:
    assert [code_of(number) for number in (0, 1, 100_000, 100_001)] == [
        "hottest", "link000001", "link100000", "b186a1",
    ]  # fmt: skip
