from loadtest.run.processes import Processes


def begun(*present):
    processes = Processes()
    processes.begin(present)
    return processes


def test_it_is_waited_for_every_process():
    processes = begun("a", "b")
    processes.reported("a", 0.2, is_settled=True)
    assert not processes.are_settled
    processes.reported("b", 0.3, is_settled=True)
    assert processes.are_settled
    assert processes.troubles == []


def test_without_a_process_nothing_is_settled():
    assert not begun().are_settled


def test_a_process_that_dies_is_not_waited_for_and_said():
    processes = begun("a", "b")
    processes.reported("a", 0.2, is_settled=True)
    processes.look({"a"})
    assert processes.are_settled
    assert processes.troubles == [
        "a worker process was lost, with what it had measured last: b",
    ]


def test_a_process_that_has_settled_may_go():
    processes = begun("a")
    processes.reported("a", 0.2, is_settled=True)
    processes.look(set())
    assert processes.troubles == []


def test_a_process_that_is_heard_of_again_was_not_lost():
    processes = begun("a")
    processes.look(set())
    assert processes.lost == {"a"}
    processes.look({"a"})
    assert processes.lost == set()


def test_a_process_that_comes_late_is_waited_for_and_said():
    processes = begun("a")
    processes.reported("a", 0.2, is_settled=True)
    processes.reported("b", 0.2, is_settled=False)
    assert not processes.are_settled
    assert processes.troubles == [
        "a worker process came after the beginning, and its load too late: b",
    ]


def test_the_busiest_process_is_one_that_still_had_to_do():
    processes = begun("a", "b")
    processes.reported("a", 0.4, is_settled=False)
    processes.reported("a", 0.9, is_settled=True)
    processes.reported("b", 0.3, is_settled=False)
    assert processes.busiest == 0.4


def test_every_run_begins_afresh():
    processes = begun("a")
    processes.reported("b", 0.4, is_settled=True)
    processes.look(set())
    processes.begin({"b"})
    assert (processes.troubles, processes.busiest) == ([], 0.0)
