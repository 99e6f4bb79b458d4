"""Locust's scenarios for Hopline: ``locust -f loadtest/locustfile.py --host http://…``.

Each class is a scenario; its weight is its share of the rate. Name classes on the command line to
run only those. docs/load-testing.md explains all.
"""

from typing import Any

from locust import LoadTestShape, events

from loadtest.run import wiring
from loadtest.run.options import add_options
from loadtest.scenario.ask import Ask
from loadtest.scenario.links import NEW_AT_A_TIME, Catalogue, Zipf
from loadtest.scenario.visitor import Visitor

events.init_command_line_parser.add_listener(add_options)
events.init.add_listener(wiring.install)

#: A viral post: for so long in every period all its visitors come at once.
_SURGE_SECONDS = 2.0
_PERIOD_SECONDS = 10.0


class HotLinks(Visitor):
    """People on few links: the second half as often as the first, and so on (Zipf)."""

    weight = 35

    def prepare(self, catalogue: Catalogue) -> None:
        self._codes = Zipf(catalogue.hot(), self.random)

    def choose(self) -> Ask:
        return Ask(self._codes.draw(), "/{hot}", self.people.browser())


class LongTail(Visitor):
    """People on many links, each now and then, with every redirect status."""

    weight = 15

    def prepare(self, catalogue: Catalogue) -> None:
        self._codes = catalogue.tail()

    def choose(self) -> Ask:
        return Ask(self.random.choice(self._codes), "/{tail}", self.people.browser())


class MixedTraffic(Visitor):
    """People from anywhere: browsers, referrers, languages, addresses from proxies."""

    weight = 15

    def prepare(self, catalogue: Catalogue) -> None:
        self._codes = Zipf([*catalogue.hot(), *catalogue.tail()], self.random)

    def choose(self) -> Ask:
        return Ask(self._codes.draw(), "/{mixed}", self.people.traveller())


class ViralPost(Visitor):
    """A burst on one link: a fifth of the time, five times as many."""

    weight = 10

    def prepare(self, catalogue: Catalogue) -> None:
        self._code = catalogue.viral()

    @staticmethod
    def surge(elapsed: float) -> float:
        is_on = elapsed % _PERIOD_SECONDS < _SURGE_SECONDS
        return _PERIOD_SECONDS / _SURGE_SECONDS if is_on else 0.0

    def choose(self) -> Ask:
        return Ask(self._code, "/{viral}", self.people.traveller())


class NewLinks(Visitor):
    """People on links that were made a moment ago, during the run."""

    weight = 5

    def choose(self) -> Ask:
        newest = self.session.new_batches - 1
        # Mostly the newest: those that no worker has in memory yet.
        batch = newest if self.random.random() < 0.7 else self.random.randint(0, newest)
        codes = self.session.catalogue.new(batch)
        return Ask(codes[self.random.randrange(NEW_AT_A_TIME)], "/{new}", self.people.browser())


class Bots(Visitor):
    """Crawlers and link previews, which are clicks counted apart."""

    weight = 5

    def prepare(self, catalogue: Catalogue) -> None:
        self._codes = Zipf(catalogue.hot(), self.random)

    def choose(self) -> Ask:
        return Ask(self._codes.draw(), "/{bot}", self.people.bot())


class HeadAndPreviews(Visitor):
    """HEAD requests and looks at where a link leads, neither of which is a click."""

    weight = 5

    def prepare(self, catalogue: Catalogue) -> None:
        self._codes = Zipf(catalogue.hot(), self.random)

    def choose(self) -> Ask:
        code, headers = self._codes.draw(), self.people.browser()
        if self.random.random() < 0.5:
            return Ask(code, "/{hot}", headers, method="HEAD")
        return Ask(code, "/{hot}+", headers, suffix="+", statuses=(200,))


class UnknownCodes(Visitor):
    """Mistyped and guessed codes: 404."""

    weight = 5

    def prepare(self, catalogue: Catalogue) -> None:
        self._codes = catalogue.unknown()

    def choose(self) -> Ask:
        code = self.random.choice(self._codes)
        return Ask(code, "/{unknown}", self.people.browser(), statuses=(404,))


class ExpiredLinks(Visitor):
    """Links past their time: 410."""

    weight = 5

    def prepare(self, catalogue: Catalogue) -> None:
        self._codes = catalogue.expired()

    def choose(self) -> Ask:
        code = self.random.choice(self._codes)
        return Ask(code, "/{expired}", self.people.browser(), statuses=(410,))


class Connections(LoadTestShape):  # type: ignore[misc]
    """Keeps all connections open until the schedule is over; the rate is not Locust's to set."""

    # Users are connections, their ramp is how fast they are opened, run time is the judged run's.
    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        """Return users and users a second, or None at the end."""
        load: Any = self.runner and self.runner.environment.load
        return load.tick()
