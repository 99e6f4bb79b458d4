from loadtest.bench_reports.questions import Run, ask_in_turn


def test_a_first_answer_counts_only_where_it_took_too_long_to_wait_for_another():
    asking = {"fast": lambda: Run(0.1, 0, 1), "slow": lambda: Run(30.0, 0, 1)}
    runs = ask_in_turn(asking, 3, 20.0, lambda _: None)
    assert {name: len(found) for name, found in runs.items()} == {"fast": 3, "slow": 1}


def test_what_has_taken_long_enough_is_asked_no_more():
    runs = ask_in_turn({"page": lambda: Run(8.0, 0, 1)}, 10, 20.0, lambda _: None)
    assert len(runs["page"]) == 2
