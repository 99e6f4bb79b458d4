import pytest

from tests.chaos.faults.fault import Steps


def test_steps_come_at_their_times_and_the_rest_at_the_end():
    done = []
    steps = Steps(
        [(0.0, lambda: done.append(1)), (60.0, lambda: done.append(2))], lambda: done.append(3)
    )
    steps.renew()
    assert done == [1]
    assert steps.lift()
    assert done == [1, 2, 3]


def test_a_step_that_fails_is_tried_again():
    tries = []

    def fail_once():
        tries.append(1)
        if len(tries) == 1:
            raise ConnectionError

    steps = Steps([(0.0, fail_once)])
    with pytest.raises(ConnectionError):
        steps.renew()
    steps.renew()
    steps.renew()
    assert len(tries) == 2
