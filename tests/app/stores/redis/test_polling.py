import queue
import threading

from app.stores.redis.polling import Poll

ENDS = [("a", 1), ("b", 2), ("c", 3)]


def spawn(run, *arguments):
    threading.Thread(target=run, args=arguments, daemon=True).start()


def test_one_that_hangs_is_not_waited_for_once_enough_have_answered():
    over = threading.Event()

    def ask(end):
        if end == ENDS[0]:
            over.wait(120)
        return end[1]

    # By a clock that stands still, to wait for it would be to wait for ever.
    poll = Poll(ask, spawn, queue.SimpleQueue, clock=lambda: 0.0)
    first, second = (poll(ENDS, lambda said: len(said) == 2) for _ in range(2))
    over.set()
    assert first == second == {ENDS[1]: 2, ENDS[2]: 3}


def test_who_does_not_answer_in_time_is_left_out():
    over = threading.Event()
    poll = Poll(lambda _: over.wait(120), spawn, queue.SimpleQueue)
    assert poll(ENDS, lambda _: False) == {}
    over.set()


def test_an_answer_that_comes_late_is_known_then():
    arrivals: queue.SimpleQueue[object] = queue.SimpleQueue()
    poll = Poll(lambda end: end[0], lambda run, *args: run(*args), lambda: arrivals)
    assert poll(ENDS, bool) == {ENDS[0]: "a"}
    assert poll.latest == {("a", 1): "a", ("b", 2): "b", ("c", 3): "c"}
