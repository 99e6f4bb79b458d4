import pytest
from redis import Redis

from app.stores.redis.aof_rewrite import Noted, Server, due_ms, next_step

DAY_MS = 86_400_000
TEN_MINUTES_MS = 600_000
#: Noon of some day, and when its rewrite was due.
NOON_MS = 20_000 * DAY_MS + DAY_MS // 2
DUE_MS = 20_000 * DAY_MS + TEN_MINUTES_MS
WELL = Server("run", has_file=True, is_busy=False, went_well=True, has_memory=True)
NEVER = Noted()
ASKED = Noted(NOON_MS - 1, "run", 0)


def like(**changes):
    fields = {name: getattr(WELL, name) for name in WELL.__slots__}
    return Server(**{**fields, **changes})


@pytest.mark.parametrize(
    ("noted", "server", "step"),
    [
        (NEVER, WELL, "ask"),
        (NEVER, like(has_file=False), "rest"),
        (NEVER, like(is_busy=True), "rest"),
        (NEVER, like(has_memory=False), "short"),
        (Noted(1, "run", DUE_MS), WELL, "rest"),
        (Noted(1, "run", DUE_MS - 1), WELL, "ask"),
        (ASKED, WELL, "done"),
        (ASKED, like(is_busy=True), "rest"),
        (ASKED, like(went_well=False), "rest"),
        (Noted(NOON_MS - TEN_MINUTES_MS, "run", 0), like(went_well=False), "ask"),
        # What another server process was asked for, nobody has seen the end of.
        (ASKED, like(run_id="another"), "ask"),
    ],
)
def test_what_comes_next(noted, server, step):
    assert next_step(noted, server, NOON_MS) == step


def test_one_is_due_ten_minutes_after_each_midnight():
    assert due_ms(DUE_MS) == due_ms(DUE_MS + DAY_MS - 1) == DUE_MS
    assert due_ms(DUE_MS - 1) == DUE_MS - DAY_MS


def test_nothing_noted_is_never():
    assert Noted.of([None, None, None]) == NEVER
    assert Noted.of([b"5", b"run", b"4"]) == Noted(5, "run", 4)


def test_a_server_says_how_it_is(any_redis_server):
    with Redis.from_url(any_redis_server().url) as client:
        server = Server.of(client.info())
        assert server == like(run_id=client.info()["run_id"], has_memory=server.has_memory)
        client.config_set("appendonly", "no")
        assert not Server.of(client.info()).has_file
