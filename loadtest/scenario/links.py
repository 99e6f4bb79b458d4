"""Links that a load test asks for: made from numbers, so that no process need be told them."""

import itertools
from bisect import bisect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

HEADER = ("code", "target", "status", "expires_at", "tags", "disabled")
#: What all of them are tagged with, to be found and taken away again.
TAG = "loadtest"
_EXPIRED = "2020-01-01T00:00:00Z"
#: Redirect statuses of the long tail in turn, as a link may choose any of them.
_STATUSES = (302, 301, 303, 307, 308)
#: Links that appear at a time during the run; the first ones are there before it.
NEW_AT_A_TIME = 5


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every code that is asked for; all start with the prefix.

    Attributes:
        run: what no other run on the same installation is called, for links that appear during it:
            clicks of an earlier run are not this one's.
    """

    prefix: str
    hot_count: int
    tail_count: int
    gone_count: int = 20
    run: str = ""

    def hot(self) -> list[str]:
        """Codes that most visits go to."""
        return self._codes("hot", self.hot_count)

    def tail(self) -> list[str]:
        """Codes that are visited now and then."""
        return self._codes("tail", self.tail_count)

    def expired(self) -> list[str]:
        """Codes of links that have expired."""
        return self._codes("expired", self.gone_count)

    def unknown(self) -> list[str]:
        """Codes that no link has."""
        return self._codes("unknown", self.gone_count)

    def viral(self) -> str:
        """The code that many come to at once."""
        return f"{self.prefix}-viral"

    def new(self, batch: int) -> list[str]:
        """Codes that appear together during the run; batch 0 is there before it."""
        kind = f"new-{self.run}" if batch and self.run else "new"
        first = batch * NEW_AT_A_TIME
        return [self._code(kind, first + number) for number in range(NEW_AT_A_TIME)]

    def rows(self) -> Iterator[tuple[str, ...]]:
        """Yield what `hopline links import` reads to make the links, under :data:`HEADER`."""
        live = [*self.hot(), self.viral(), *self.new(0)]
        yield from (live_row(code) for code in live)
        for code, status in zip(self.tail(), itertools.cycle(_STATUSES), strict=False):
            yield code, target(code), str(status), "", TAG, "false"
        yield from ((code, target(code), "302", _EXPIRED, TAG, "false") for code in self.expired())

    def _codes(self, kind: str, count: int) -> list[str]:
        return [self._code(kind, number) for number in range(count)]

    def _code(self, kind: str, number: int) -> str:
        return f"{self.prefix}-{kind}-{number:04}"


def live_row(code: str) -> tuple[str, ...]:
    """Return the row of a link that redirects with 302."""
    return code, target(code), "302", "", TAG, "false"


def target(code: str) -> str:
    """Return where a link leads; nobody goes there, as redirects are not followed."""
    return f"https://example.com/loadtest/{code}?from=hopline"


def as_csv(rows: Iterator[tuple[str, ...]]) -> str:
    """Write rows as CSV; no value here has a comma or a quote."""
    return "".join(f"{','.join(row)}\n" for row in (HEADER, *rows))


class Zipf:
    """Draws codes as links are visited: the second half as often as the first, and so on."""

    def __init__(self, codes: Sequence[str], random: Random) -> None:
        self._codes = codes
        self._random = random
        self._sums = list(itertools.accumulate(1 / rank for rank in range(1, len(codes) + 1)))

    def draw(self) -> str:
        """Return one of the codes."""
        return self._codes[bisect(self._sums, self._random.random() * self._sums[-1])]
