import gevent

from app.redirect.tasks.deadlines import Deadlines
from tests.support.redirect.waiting import wait_until


class Guest:
    def __init__(self) -> None:
        self.settled = False
        self.expired = 0

    def expire(self) -> None:
        self.expired += 1


def test_only_what_has_not_settled_expires_and_only_once():
    deadlines = Deadlines(gevent.get_hub().loop, 0.01)
    late, early, later = Guest(), Guest(), Guest()
    deadlines.add(late)
    deadlines.add(early)
    early.settled = True
    gevent.sleep(0.005)
    deadlines.add(later)
    wait_until(lambda: later.expired)
    gevent.sleep(0.05)
    assert (late.expired, early.expired, later.expired) == (1, 0, 1)


def test_the_timer_starts_again_after_a_pause():
    deadlines = Deadlines(gevent.get_hub().loop, 0.002)
    guests = [Guest(), Guest()]
    for guest in guests:
        deadlines.add(guest)
        wait_until(lambda guest=guest: guest.expired)
    assert [guest.expired for guest in guests] == [1, 1]
