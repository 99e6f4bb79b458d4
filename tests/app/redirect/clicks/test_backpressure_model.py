from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from app.audit.unread_entries import parse_id
from tests.support.redirect.watched import GROUP, MAXLEN, STREAM, Watched

_NEVER = (2**64, 0)


class Machine(RuleBasedStateMachine):
    """A stream on a real server beside a model that knows which entries are unfinished."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.watched = Watched(self.url)
        self.watched.redis.flushall()
        self.watched.create_group()
        self.pending: list[bytes] = []

    def teardown(self) -> None:
        self.watched.close()

    @rule(count=st.integers(1, 60))
    def add(self, count: int) -> None:
        self.watched.add(count, maxlen=MAXLEN, approximate=True)

    @rule(count=st.integers(1, 80))
    def read(self, count: int) -> None:
        # Of a group that was set back, an entry that is pending is read again.
        self.pending = list(dict.fromkeys([*self.pending, *self.watched.read(count)]))

    @rule(share=st.floats(0, 1))
    def ack(self, share: float) -> None:
        cut = int(len(self.pending) * share)
        done, self.pending = self.pending[cut:], self.pending[:cut]
        if done:
            self.watched.ack(done)

    @rule()
    def finish_all(self) -> None:
        self.read(100_000)
        self.ack(0)

    @rule(keep=st.integers(0, 40))
    def trim(self, keep: int) -> None:
        self.watched.redis.xtrim(STREAM, maxlen=keep, approximate=False)

    @rule(count=st.integers(0, 60))
    def set_back(self, count: int) -> None:
        found = self.watched.redis.xrevrange(STREAM, count=count + 1)
        if found:
            self.watched.redis.xgroup_setid(STREAM, GROUP, found[-1][0])

    @invariant()
    def counts_enough(self) -> None:
        entries = [parse_id(entry_id) for entry_id, _ in self.watched.redis.xrange(STREAM)]
        [group] = self.watched.redis.xinfo_groups(STREAM)
        delivered = parse_id(group["last-delivered-id"])
        oldest = min(map(parse_id, self.pending), default=_NEVER)
        unfinished = sum(one > delivered or one >= oldest for one in entries)
        assert unfinished <= self.watched.look() <= len(entries)


def test_whatever_happens_to_the_stream_the_backlog_is_never_counted_too_small(redis_url):
    machine = type("MachineHere", (Machine,), {"url": redis_url})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )
