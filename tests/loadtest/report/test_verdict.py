from loadtest.common.measurements import Measurements
from loadtest.report.budget import Line
from loadtest.report.verdict import Count, Generator, judge

KEPT = Line("GET /{hot}", "p99", "ms", 10, 3, is_kept=True)
SLOW = Line("GET /{hot}", "p99", "ms", 10, 30, is_kept=False)
FEW = Line("GET /{hot}", "requests", "", 500, 3, is_kept=False)
MISSED = Line("GET /{hot}", "p99", "ms", 10, 10.6, is_kept=False, goal="a quiet machine")
EXACT = Count(redirects=10, clicks=10)


def generator(*, late_ms=0.5, loop_ms=0.5, due=100, unsent=0, **changes):
    measured = Measurements(due=due, unsent=unsent)
    measured.late.add(late_ms / 1000)
    measured.loop.add(loop_ms / 1000)
    return Generator(measured, **{"busiest_share": 0.3, "most_late_ms": 5.0, **changes})


def test_a_kept_budget_and_an_exact_count_are_met():
    verdict = judge([KEPT], generator(), EXACT, cut=0, most_cut=0)
    assert (verdict.outcome, verdict.exit_code) == ("met", 0)
    assert (verdict.violations, verdict.doubts) == ([], [])


def test_one_broken_line_breaks_it():
    verdict = judge([KEPT, SLOW], generator(), EXACT, cut=0, most_cut=0)
    assert (verdict.outcome, verdict.exit_code) == ("broken", 1)
    assert verdict.violations == ["GET /{hot}: p99 30 ms, at most 10 ms is allowed"]


def test_a_wrong_count_breaks_it_even_when_the_generator_was_late():
    lost = Count(redirects=10, clicks=9, lost={"a": 1})
    verdict = judge([KEPT], generator(late_ms=80), lost, cut=0, most_cut=0)
    assert verdict.outcome == "broken"
    assert "1 clicks lost on 1 links" in verdict.violations[0]
    assert verdict.doubts


def test_too_many_clicks_are_a_wrong_count():
    twice = Count(redirects=10, clicks=11, surplus={"a": 1})
    assert judge([KEPT], generator(), twice, cut=0, most_cut=0).outcome == "broken"


def test_slow_answers_to_a_late_generator_prove_nothing():
    for doubtful in (
        generator(late_ms=80),
        generator(loop_ms=80),
        generator(busiest_share=0.97),
        generator(busiest_share=0.6, unsent=40),
        generator(is_complete=False),
        generator(due=0),
        generator(troubles=("the console doesn't answer",)),
    ):
        verdict = judge([SLOW], doubtful, EXACT, cut=0, most_cut=0)
        assert (verdict.outcome, verdict.exit_code) == ("void", 3)
        assert len(verdict.doubts) == 1


def test_a_met_budget_of_a_late_generator_proves_nothing_either():
    assert judge([KEPT], generator(late_ms=80), EXACT, cut=0, most_cut=0).outcome == "void"


def test_too_few_requests_prove_nothing():
    verdict = judge([FEW], generator(), EXACT, cut=0, most_cut=0)
    assert verdict.outcome == "void"
    assert verdict.doubts == ["GET /{hot}: requests 3, at least 500 needed"]


def test_requests_that_a_slow_server_kept_from_being_sent_break_it():
    verdict = judge([KEPT], generator(unsent=7), EXACT, cut=0, most_cut=0)
    assert verdict.outcome == "broken"
    assert "7 of 100 requests were never sent" in verdict.violations[0]


def test_a_server_that_stands_still_breaks_it_however_few_were_sent():
    idle = generator(busiest_share=0.1, unsent=99)
    assert judge([KEPT], idle, EXACT, cut=0, most_cut=0).outcome == "broken"


def test_a_rate_that_the_generator_could_not_have_sent_to_any_server_is_void():
    verdict = judge([SLOW], generator(busiest_share=0.8, unsent=80), EXACT, cut=0, most_cut=0)
    assert verdict.outcome == "void"
    assert verdict.doubts == [
        "the load generator could not have sent 100 requests: 80% of the time it was busy with 20"
    ]


def test_cut_connections_are_counted_apart():
    assert judge([KEPT], generator(), EXACT, cut=1, most_cut=0).outcome == "broken"
    assert judge([KEPT], generator(), EXACT, cut=1, most_cut=None).outcome == "met"


def test_clicks_need_not_be_counted():
    assert judge([KEPT], generator(), None, cut=0, most_cut=0).outcome == "met"


def test_a_missed_goal_is_told_and_breaks_nothing():
    verdict = judge([KEPT, MISSED], generator(), EXACT, cut=0, most_cut=0)
    assert (verdict.outcome, verdict.violations) == ("met", [])
    assert verdict.missed == ["a quiet machine: GET /{hot}: p99 10.6 ms, 10 ms was the goal"]


def test_clicks_that_may_be_of_visits_nobody_reported_accuse_no_one():
    twice = Count(redirects=10, clicks=13, surplus={"a": 3})
    verdict = judge([KEPT], generator(strays="it was stopped"), twice, cut=0, most_cut=0)
    assert (verdict.outcome, verdict.violations) == ("void", [])
    assert verdict.doubts == ["3 clicks more than redirects can't be told apart: it was stopped"]


def test_a_lost_click_is_one_however_the_run_ended():
    lost = Count(redirects=10, clicks=9, lost={"a": 1})
    stopped = generator(strays="it was stopped", is_complete=False)
    assert judge([KEPT], stopped, lost, cut=0, most_cut=0).outcome == "broken"


def test_a_run_that_was_called_off_says_only_why():
    called_off = generator(due=0, troubles=("the links are missing",))
    assert judge([FEW], called_off, None, cut=0, most_cut=0).doubts == ["the links are missing"]


def test_a_goal_that_is_missed_everywhere_is_one_sentence():
    verdict = judge([MISSED, KEPT, MISSED, MISSED], generator(), EXACT, cut=0, most_cut=0)
    assert verdict.missed == [f"{MISSED}, and 2 lines more"]
