"""Count of the clicks that Hopline's console tells, beside the redirects seen."""

import http.client
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from itertools import chain
from typing import Any
from urllib.parse import quote, urlsplit

import gevent
from gevent.pool import Pool

from loadtest.report.verdict import Count

#: The least that the console can be asked for: no breakdown but one, one bucket a month. The codes
#: follow.
_QUESTION = "/api/v1/stats?by=link&metrics=clicks&order=clicks&interval=month&limit=1000"
#: What fits into a request line, whatever the links' prefix.
_MOST_CODES = 40
_TIMEOUT_SECONDS = 30
#: Fewer than the console serves at a time.
_AT_ONCE = 3
_AGAIN_SECONDS = 0.5
#: Time for a click that came too much to show itself, or for one of somebody else's.
_LAST_LOOK_SECONDS = 2.0
#: How long clicks of an earlier run are waited for.
_QUIET_SECONDS = 15.0
#: What to do about an answer, by its status.
_HINTS = {
    http.client.UNAUTHORIZED: ": HOPLINE_CONSOLE_TOKEN has to be its token",
    http.client.MISDIRECTED_REQUEST: ": its HOPLINE_CONSOLE_HOSTS has to hold this name",
}
#: Of no code there is a click, and one has no link either.
_NO_CLICKS: dict[str, Any] = {"by": {"link": {"top": []}}}


class ConsoleFailed(Exception):
    """The console doesn't say how many clicks there are; the text says why."""


class Console:
    """Asks Hopline's console, over HTTP as anyone may."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.netloc
        self._path = parts.path.rstrip("/")
        self._is_secure = parts.scheme == "https"
        token = os.environ.get("HOPLINE_CONSOLE_TOKEN", "").strip().encode()
        self._headers = {"Authorization": b"Bearer " + token} if token else {}

    def clicks(self, codes: Iterable[str]) -> dict[str, int]:
        """Return the clicks of each code so far, of people and bots.

        Raises:
            ConsoleFailed: it didn't answer, or with something else.
        """
        asked = list(codes)
        pieces = [asked[first : first + _MOST_CODES] for first in range(0, len(asked), _MOST_CODES)]
        _tell_in_one_sentence(ConsoleFailed)
        told = dict(chain.from_iterable(Pool(_AT_ONCE).map(self._clicks, pieces)))
        return {code: told.get(code, 0) for code in asked}

    def version(self) -> str:
        """Return which Hopline it is.

        Raises:
            ConsoleFailed: as :meth:`clicks`.
        """
        return str(self._get("/").get("version", ""))

    def _clicks(self, codes: list[str]) -> list[tuple[str, int]]:
        """Return the clicks of the codes that have any; nobody is told of a code without."""
        answer = self._get(_QUESTION + "".join(f"&code={quote(code)}" for code in codes))
        try:
            return [(row["name"], int(row["clicks"])) for row in answer["by"]["link"]["top"]]
        except (KeyError, TypeError, ValueError):
            why = f"{self._host} told no number of clicks: is it a console?"
            raise ConsoleFailed(why) from None

    def _get(self, path: str) -> dict[str, Any]:
        """Return what is answered."""
        status, body = self._ask(path)
        if status == http.client.NOT_FOUND:
            return _NO_CLICKS
        if status != http.client.OK:
            hint = _HINTS.get(status, "")
            raise ConsoleFailed(f"the console answered {status} to {path}{hint}")
        try:
            held = json.loads(body)
        except ValueError:
            held = None
        if not isinstance(held, dict):
            raise ConsoleFailed(f"{self._host}{path} answered with no JSON object")
        return held

    def _ask(self, path: str) -> tuple[int, bytes]:
        make = http.client.HTTPSConnection if self._is_secure else http.client.HTTPConnection
        try:
            with closing(make(self._host, timeout=_TIMEOUT_SECONDS)) as connection:
                connection.request("GET", self._path + path, headers=self._headers)
                answer = connection.getresponse()
                return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ConsoleFailed(f"the console at {self._host} doesn't answer: {error}") from None
        except ValueError:
            # What it says repeats the token.
            why = "HOPLINE_CONSOLE_TOKEN or --links-prefix holds what no request can"
            raise ConsoleFailed(f"the console at {self._host} can't be asked: {why}") from None


def count(
    before: Mapping[str, int],
    after: Mapping[str, int],
    redirected: Mapping[str, int],
    unanswered: Mapping[str, int],
) -> Count:
    """Compare, code by code; one lost here doesn't make up for one too many there.

    Args:
        before, after: clicks of each code.
        redirected: redirects that were seen, of each code; none for those that are missing.
        unanswered: requests of which nobody knows whether they became clicks.
    """
    clicked = {code: after[code] - before.get(code, 0) for code in after}
    lost = {code: redirected.get(code, 0) - number for code, number in clicked.items()}
    surplus = {code: -missing - unanswered.get(code, 0) for code, missing in lost.items()}
    return Count(
        redirects=sum(redirected.values()),
        clicks=sum(clicked.values()),
        unknown=sum(unanswered.values()),
        lost={code: number for code, number in lost.items() if number > 0},
        surplus={code: number for code, number in surplus.items() if number > 0},
    )


def quiet_count(
    clicks: Callable[[Iterable[str]], dict[str, int]], codes: Iterable[str]
) -> tuple[dict[str, int], bool]:
    """Return the clicks before a run, and whether they stand still.

    An earlier run's may still be on their way. If they don't end, somebody else visits the links.

    Raises:
        ConsoleFailed: as `clicks` does.
    """
    asked = sorted(codes)
    deadline = time.monotonic() + _QUIET_SECONDS
    seen = clicks(asked)
    while True:
        time.sleep(_LAST_LOOK_SECONDS)
        earlier, seen = seen, clicks(asked)
        if seen == earlier or time.monotonic() > deadline:
            return seen, seen == earlier


def settled_count(
    clicks: Callable[[Iterable[str]], dict[str, int]],
    before: Mapping[str, int],
    redirected: Mapping[str, int],
    unanswered: Mapping[str, int],
    timeout_seconds: float,
) -> tuple[Count, bool]:
    """Wait until no click is missing any more, or for so long, and then count them all.

    Returns:
        the count, and whether it grows no more: clicks that are too many and go on coming while
        nothing is asked for are somebody else's.

    Raises:
        ConsoleFailed: as `clicks` does, to the end of the wait.
    """
    codes = sorted({*before, *redirected, *unanswered})
    waiting = set(redirected)
    deadline = time.monotonic() + timeout_seconds
    while waiting and time.monotonic() < deadline:
        after = _ask(clicks, waiting, deadline)
        waiting = set(count(before, after, {code: redirected[code] for code in waiting}, {}).lost)
        time.sleep(_AGAIN_SECONDS)
    time.sleep(_LAST_LOOK_SECONDS)
    counted = count(before, clicks(codes), redirected, unanswered)
    if not counted.surplus:
        return counted, True
    time.sleep(_LAST_LOOK_SECONDS)
    again = count(before, clicks(codes), redirected, unanswered)
    return again, again.clicks == counted.clicks


def _ask(
    clicks: Callable[[Iterable[str]], dict[str, int]], codes: set[str], deadline: float
) -> dict[str, int]:
    """Ask until there is an answer: a store that was stopped in the test may still be away."""
    while True:
        try:
            return clicks(sorted(codes))
        except ConsoleFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_SECONDS)


def _tell_in_one_sentence(kind: type[Exception]) -> None:
    """Keep gevent from printing where a greenlet failed, which whoever waits for it is told."""
    hub = gevent.get_hub()
    if kind not in hub.NOT_ERROR:
        hub.NOT_ERROR = (*hub.NOT_ERROR, kind)
