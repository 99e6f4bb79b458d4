"""Questions to the list of links, and links made up for them."""

import random
from collections.abc import Callable, Iterator, Mapping

import orjson

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORDS, _GROUPS, _SMALL_TAGS = 5_000, 3, 500
#: Of a hundred links so many are disabled, and so many have expired.
_DISABLED, _EXPIRED = 2, 3

Params = Mapping[str, str]


class MadeUp:
    """Makes links up, and questions about them, the same for the same number.

    Args:
        code_of: returns the code of a link by its number.
    """

    def __init__(
        self, links: int, code_of: Callable[[int], str] = lambda number: f"b{number:x}"
    ) -> None:
        self._links = links
        self._code_of = code_of
        self._chance = random.Random(links)
        self._words = [
            "".join(self._chance.choices(_LETTERS, k=self._chance.randint(4, 9)))
            for _ in range(_WORDS)
        ]

    def lines(self, first: int, end: int) -> bytes:
        """Return links as JSON lines, each with a code of its own."""
        return b"".join(orjson.dumps(self._link(number)) + b"\n" for number in range(first, end))

    def questions(self) -> Iterator[tuple[str, Callable[[], Params]]]:
        """Yield kinds of questions, and what makes one of a kind."""
        word, chance = self._word, self._chance
        yield "all, newest first", dict
        yield "all by last click", lambda: {"sort": "last_click_at"}
        yield "all by clicks", lambda: {"sort": "clicks"}
        yield "disabled", lambda: {"state": "disabled"}
        yield "expired by last click", lambda: {"state": "expired", "sort": "last_click_at"}
        yield "deleted", lambda: {"state": "deleted"}
        yield "tag of few", lambda: {"tag": f"t{chance.randrange(_SMALL_TAGS)}"}
        yield "tag of a third, by clicks", lambda: {"tag": "g1", "sort": "clicks"}
        yield (
            "one of three tags, none of another",
            lambda: {"tag": f"t1,t{chance.randrange(_SMALL_TAGS)},t3", "tag_none": "g1"},
        )
        yield "word in code, target or title", lambda: {"q": word()}
        yield "three letters, by last click", lambda: {"q": word()[:3], "sort": "last_click_at"}
        yield "text of one link", lambda: {"q": f"id={chance.randrange(self._links)}"}
        yield "text of none", lambda: {"q": "zzqqzzqq"}
        yield (
            "text, state and tag",
            lambda: {"q": word()[:4], "state": "live", "tag": "g1", "sort": "clicks"},
        )

    def _word(self) -> str:
        return self._chance.choice(self._words)

    def _link(self, number: int) -> dict[str, object]:
        of_hundred = number % 100
        link: dict[str, object] = {
            "code": self._code_of(number),
            "target": f"https://{self._word()}.example/{self._word()}?id={number}",
            "title": f"{self._word()} {self._word()}",
            "tags": [f"g{number % _GROUPS}", f"t{number % _SMALL_TAGS}"],
        }
        if of_hundred < _DISABLED:
            link["disabled"] = True
        elif of_hundred < _DISABLED + _EXPIRED:
            link["expires_at"] = "2020-01-01T00:00:00Z"
        return link
