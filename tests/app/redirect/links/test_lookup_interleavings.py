from collections import deque

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from app.config.settings import Settings
from app.links.link import Link, encode
from app.metrics.redirect import RedirectMetrics
from app.redirect.links.lookup import Lookup
from tests.support.redirect.fakes import FakeClock, FakePipeline, link


class Interleaving:
    """A lookup and a server with one link, whose replies and pushes arrive in any interleaving."""

    def __init__(self) -> None:
        self.version = 0
        self.told = 0
        self.pushes: deque[int] = deque()
        self.replies: deque[bytes] = deque()
        self.executed = 0
        self.answers: list[tuple[int, int]] = []
        self.is_watched = True
        self.heard = 0
        self.changes_told = 0
        self.is_known = False
        self.pipeline = FakePipeline()
        settings = Settings.model_construct(
            lookup_budget_ms=1e6,
            link_stale_seconds=60,
            link_cache_size=10,
            unknown_cache_size=10,
            unknown_cache_seconds=5,
        )
        self.lookup = Lookup(
            self.pipeline, settings, RedirectMetrics(CollectorRegistry()), FakeClock()
        )
        self.lookup.watch_began()

    def ask(self) -> None:
        least, before = self.told, self.changes_told

        def answer(found: object) -> None:
            self.answers.append((_version(found), least))
            self.is_known = self.is_known or self.changes_told == before

        self.lookup.find("abc", answer)

    def execute(self) -> None:
        if self.executed < len(self.pipeline.commands):
            self.executed += 1
            self.replies.append(encode(link(target=f"https://a.example/{self.version}")))

    def reply(self) -> None:
        if self.replies:
            self.pipeline.answer(self.replies.popleft())

    def write(self) -> None:
        self.version += 1
        if self.is_watched:
            self.pushes.append(self.version)

    def push(self) -> None:
        if self.pushes:
            self._hear()
            self.lookup.changed("abc")

    def flush(self) -> None:
        if self.pushes:
            self._hear()
            self.lookup.all_changed()

    def _hear(self) -> None:
        self.told = self.heard = self.pushes.popleft()
        self.changes_told += 1
        self.is_known = False

    def lose(self) -> None:
        self.lookup.watch_ended()
        self.is_watched = False
        self.pushes.clear()

    def watch(self) -> None:
        if not self.is_watched:
            self.is_watched = True
            self.told = self.version
            self.lookup.watch_began()

    def check(self) -> None:
        assert all(version >= least for version, least in self.answers)
        cached = self.lookup.cached("abc")
        if cached is not None and not self.pushes:
            assert _version(cached) == self.version
        self.check_without_redis()

    def check_without_redis(self) -> None:
        """Who was redirected still is, and nobody by what is known to have changed."""
        self.pipeline.connected.clear()
        last_seen = self.lookup.cached("abc")
        self.pipeline.connected.set()
        assert last_seen is not None or not self.is_known
        assert last_seen is None or _version(last_seen) >= self.heard


#: Rarer are the steps that end all that is on its way.
STEPS = ("ask", "execute", "reply", "write", "push") * 6 + ("flush", "lose", "watch")


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(STEPS), min_size=20, max_size=60))
def test_what_is_answered_from_memory_is_never_older_than_the_changes_told(steps):
    interleaving = Interleaving()
    for step in steps:
        getattr(interleaving, step)()
        interleaving.check()


def _version(found: object) -> int:
    assert isinstance(found, Link)
    return int(found.target.rpartition("/")[2])
