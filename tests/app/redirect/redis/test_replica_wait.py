import hiredis
import pytest
from prometheus_client import CollectorRegistry

from app.metrics.redirect import RedirectMetrics
from app.redirect.redis.replica_wait import NoReplica, ReplicaWait, wait_ms
from app.redirect.redis.replies import PipelineBroken
from app.redirect.redis.resp import encode_command


class World:
    """The clicks of some writes, and what they were told."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.wait = ReplicaWait(6, RedirectMetrics(self.registry))
        self.told: dict[str, list[object]] = {}

    def write(self, *names: str, replies=None):
        """Write clicks and have Redis take them; return what the WAIT's reply goes to."""
        answers = [self.wait.add(self.told.setdefault(name, []).append) for name in names]
        judge = self.wait.end_write()
        for number, answer in enumerate(answers):
            answer(replies[number] if replies else b"1-%d" % number)
        return judge

    def outcomes(self) -> dict[str, list[object]]:
        return {
            name: [each if isinstance(each, bytes) else type(each) for each in told]
            for name, told in self.told.items()
        }

    def counted(self, name: str) -> float:
        return self.registry.get_sample_value(f"hopline_{name}") or 0


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("budgets_seconds", "expected"),
    [((0.010, 0.025), 6), ((0.050, 0.025), 15), ((0.001, 0.025), 1), ((0.0001,), 1)],
)
def test_a_wait_ends_well_before_every_budget_and_never_lasts_for_ever(budgets_seconds, expected):
    assert wait_ms(*budgets_seconds) == expected


def test_it_asks_for_one_replica_within_the_time(world):
    assert world.wait.command == encode_command(b"WAIT", b"1", b"6")


def test_a_write_without_clicks_has_no_wait(world):
    assert world.wait.end_write() is None
    assert world.write("a") is not None
    assert world.wait.end_write() is None


def test_clicks_are_told_their_own_replies_once_a_replica_has_them(world):
    judge = world.write("a", "b")
    assert world.outcomes() == {"a": [], "b": []}
    judge(1)
    assert world.outcomes() == {"a": [b"1-0"], "b": [b"1-1"]}
    assert world.counted("clicks_replicated_total") == 2
    assert world.counted("replica_waits_in_vain_total") == 0


@pytest.mark.parametrize(
    "reply", [0, hiredis.ReplyError("NOPERM no"), None], ids=["short", "error", "nonsense"]
)
def test_a_wait_in_vain_sends_all_clicks_of_the_write_another_way(world, reply, caplog):
    world.write("a", "b")(reply)
    assert world.outcomes() == {"a": [NoReplica], "b": [NoReplica]}
    assert world.wait.is_missing
    assert world.counted("replica_waits_in_vain_total") == world.counted("replica_missing") == 1
    assert world.counted("clicks_replicated_total") == 0
    assert "No replica has what Redis is given" in caplog.text


def test_what_redis_refuses_is_told_at_once(world):
    refusal = hiredis.ReplyError("OOM")
    judge = world.write("a", "b", replies=[refusal, b"1-1"])
    assert world.outcomes() == {"a": [hiredis.ReplyError], "b": []}
    judge(1)
    assert world.outcomes() == {"a": [hiredis.ReplyError], "b": [b"1-1"]}


def test_clicks_whose_wait_has_no_reply_are_told_why(world):
    world.write("a")(PipelineBroken("gone"))
    assert world.outcomes() == {"a": [PipelineBroken]}
    assert not world.wait.is_missing


def test_while_none_is_there_clicks_that_had_left_are_refused_without_a_wait(world):
    world.write("a")(0)
    assert world.write("b") is None
    assert world.outcomes() == {"a": [NoReplica], "b": [NoReplica]}


def test_a_probe_finds_a_replica_and_the_next_write_tells_what_it_has_by_now(world, caplog):
    world.write("a")(0)
    world.wait.add_probe()
    world.wait.end_write()(1)
    assert not world.wait.is_missing
    assert world.counted("replica_missing") == 0
    assert "again" in caplog.text
    # One that is still being filled counts as well, but for what is written from now on.
    assert world.outcomes() == {"a": [NoReplica]}
    world.write("b")(1)
    assert world.outcomes() == {"a": [NoReplica, b"1-0"], "b": [b"1-0"]}
    assert world.counted("clicks_replicated_total") == 2


def test_a_probe_in_vain_changes_nothing(world, caplog):
    world.write("a")(0)
    for _ in range(3):
        world.wait.add_probe()
        world.wait.end_write()(0)
    assert world.wait.is_missing
    assert caplog.text.count("No replica") == 1


def test_another_connection_s_wait_tells_nothing_of_what_this_one_wrote(world):
    world.write("a")(0)
    world.wait.reset()
    world.wait.add_probe()
    world.wait.end_write()(1)
    world.write("b")(1)
    assert world.outcomes() == {"a": [NoReplica], "b": [b"1-0"]}


def test_who_hears_that_none_is_there_hears_it_once_each_time(world):
    heard: list[int] = []
    world.wait.on_missing = lambda: heard.append(1)
    world.write("a")(0)
    world.wait.add_probe()
    world.wait.end_write()(0)
    assert heard == [1]


def test_one_click_s_fault_costs_the_others_nothing(world, caplog):
    def fail(_):
        raise ZeroDivisionError

    told: list[object] = []
    first, second = world.wait.add(fail), world.wait.add(told.append)
    judge = world.wait.end_write()
    first(b"1-1")
    second(b"1-2")
    judge(1)
    assert told == [b"1-2"]
    assert "callback failed" in caplog.text
