"""How long a consumer waits for a Redis that doesn't answer, and for one that does again."""

from types import SimpleNamespace

from app.stores.redis.agreement import ServerLeft
from app.stores.redis.errors import RedisUnavailable
from workers.consumer.consumer import Consumer


class Script:
    """A lease whose renewals fail as written, and a stop that comes at the end."""

    def __init__(self, errors):
        self._errors = iter(errors)
        self._left = len(errors)
        self.waits = []

    def keep(self):
        error = next(self._errors)
        if error is not None:
            raise error

    def is_asked(self):
        self._left -= 1
        return self._left < 0

    def is_overdue(self):
        return True

    def wait(self, seconds):
        self.waits.append(seconds)


class NoEntries:
    is_due = is_stopped = False

    def seconds_left(self):
        return 0.0

    def __len__(self):
        return 0


class NoBatches:
    is_inserting = False

    def close(self):
        pass

    def __len__(self):
        return 0


def waits(*errors):
    """Return how long a consumer waits after each failure; None is a success."""
    script = Script(errors)
    nothing = SimpleNamespace(
        beat=lambda: None,
        start_over=lambda: None,
        poll=lambda _: None,
        sweep_if_due=lambda: None,
        close=lambda: None,
        redis_failures=SimpleNamespace(inc=lambda: None),
    )
    Consumer(script, nothing, NoEntries(), NoBatches(), nothing, nothing, nothing, script).run()
    return script.waits


AWAY = RedisUnavailable("away")
LEFT = ServerLeft("leads to another server now")


def test_waits_grow_while_redis_is_away_but_no_longer_than_a_fail_over_may_go_unnoticed():
    seconds = waits(*[AWAY] * 9)
    assert seconds[0] <= 0.2
    assert seconds[4] > 1
    assert max(seconds) <= 2


def test_a_server_that_is_new_after_an_outage_is_worked_with_at_once():
    assert max(waits(*[AWAY] * 7, LEFT, LEFT)[7:]) <= 0.4


def test_an_address_of_two_servers_by_turns_is_asked_ever_less_often():
    assert waits(*[LEFT] * 8)[-1] >= 5


def test_a_long_outage_is_not_told_at_every_try(caplog):
    waits(*[AWAY] * 20)
    assert len(caplog.messages) == 1
    waits(AWAY, RedisUnavailable("NOREPLICAS"))
    assert "NOREPLICAS" in caplog.messages[-1]


def test_each_outage_has_its_new_server():
    outage = [AWAY] * 7
    assert waits(*outage, LEFT, None, *outage, LEFT)[-1] <= 0.2
    assert waits(*outage, LEFT, *outage, LEFT)[-1] <= 0.2
