"""Sentinels that name the master: whom they name, weighed, and how they are asked.

Rule 1: a master is believed when more than half of the Sentinels that are set name it. One that is
        cut off, or lies, moves nobody.
Rule 2: for as long as no majority answers, the master that one named last stands, unless somebody
        names another: no failover can be without a majority, and a master that works is not left.
Rule 3: a Sentinel may name a master before it is one, so who connects looks at its role.

Source: https://redis.io/docs/latest/develop/reference/sentinel-clients/
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from app.stores.redis.address import Address, Peer
from app.stores.redis.polling import Poll

logger = logging.getLogger(__name__)

#: What they said last is as good as new for so long, however many ask.
_FRESH_SECONDS = 0.2


class MasterUnknown(OSError):
    """No majority of the Sentinels names a master; the text says what each of the others says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one Sentinel said.

    Attributes:
        master: whom it names; None if it names nobody.
        why: it names nobody.
    """

    sentinel: Peer
    master: Peer | None
    why: str = ""


def question(address: Address) -> tuple[bytes, ...]:
    """Return the command that asks a Sentinel where the master is."""
    assert address.sentinels is not None  # noqa: S101 - who asks has Sentinels
    return (b"SENTINEL", b"GET-MASTER-ADDR-BY-NAME", address.sentinels.master.encode())


def read_answer(sentinel: Peer, master: str, reply: object) -> Answer:
    """Read a Sentinel's reply to :func:`question`: an array of host and port, or none."""
    if reply is None:
        return Answer(sentinel, None, f"knows no master {master}")
    if not isinstance(reply, list) or len(reply) != 2:
        return Answer(sentinel, None, "is no Sentinel")
    try:
        host, port = (part.decode() if isinstance(part, bytes) else str(part) for part in reply)
        named = host, int(port)
    except ValueError:
        return Answer(sentinel, None, f"names what is no server: {reply!r:.80}")
    return Answer(sentinel, named)


def why_refused(error: str) -> str:
    """Return what an error reply to :func:`question` tells of who gave it."""
    is_other = "unknown command" in error.lower()
    return "is no Sentinel but a Redis" if is_other else f"says: {error}"


def elect(answers: Sequence[Answer], most: int) -> Peer:
    """Return the master that a majority names.

    Args:
        most: how many Sentinels are set.

    Raises:
        MasterUnknown: there is none.
    """
    votes = Counter(answer.master for answer in answers if answer.master is not None)
    for master, count in votes.most_common(1):
        if _is_majority(count, most):
            return master
    if len(votes) > 1:
        texts = [told(answer) for answer in answers]
        raise MasterUnknown(f"the Sentinels disagree: {'; '.join(texts)}")
    texts = [told(answer) for answer in answers if answer.master is None]
    text = f"{sum(votes.values())} of {most} Sentinels name a master, {most // 2 + 1} have to"
    raise MasterUnknown(f"{text}: {'; '.join(texts)}" if texts else text)


def _is_majority(count: int, most: int) -> bool:
    return count > most // 2


def told(answer: Answer) -> str:
    """Return what one Sentinel said, as an error text has it."""
    where = "{}:{}".format(*answer.sentinel)
    if answer.master is None:
        return f"{where} {answer.why}"
    return f"{where} names {answer.master[0]}:{answer.master[1]}"


class MasterLocator:
    """Locator that tells where the master is; all connections of a process go by one.

    Args:
        poll: asks the Sentinels.
        lock: keeps others waiting meanwhile, threads or greenlets.

    Attributes:
        elected: whom a majority named last; None while nobody stands.
    """

    def __init__(
        self,
        address: Address,
        poll: Poll[Answer],
        lock: AbstractContextManager[Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        assert address.sentinels is not None  # noqa: S101 - else there is nobody to ask
        self.elected: Peer | None = None
        self._address = address
        self._ends = address.sentinels.ends
        self._poll = poll
        self._clock = clock
        self._lock = lock
        self._fresh_until = -1.0
        self._trouble = ""

    def __call__(self) -> Address:
        """Return where the master is; waits for the Sentinels, unless they were asked just now.

        Raises:
            MasterUnknown: they don't tell.
        """
        with self._lock:
            if self._clock() >= self._fresh_until:
                self._ask()
            if self.elected is None:
                raise MasterUnknown(self._trouble)
            return self._address.at(self.elected)

    @property
    def agreeing_count(self) -> int:
        """How many Sentinels name the master that is believed."""
        said = self._poll.latest.values()
        return sum(answer.master == self.elected is not None for answer in said)

    def _ask(self) -> None:
        said = self._poll(self._ends, self._is_decided)
        answers = [said.get(end, Answer(end, None, "doesn't answer")) for end in self._ends]
        self._fresh_until = self._clock() + _FRESH_SECONDS
        try:
            self.elected = elect(answers, len(self._ends))
            trouble = ""
        except MasterUnknown as error:
            trouble = str(error)
            if any(answer.master not in (None, self.elected) for answer in answers):
                self.elected = None
        self._tell(trouble)
        self._trouble = trouble

    def _is_decided(self, answers: Mapping[Peer, Answer]) -> bool:
        votes = Counter(one.master for one in answers.values() if one.master is not None)
        return any(_is_majority(count, len(self._ends)) for count in votes.values())

    def _tell(self, trouble: str) -> None:
        # While nobody stands, who asks is told, and says so in its own words.
        if trouble and trouble != self._trouble and self.elected is not None:
            logger.warning("%s stays where it was named last: %s", self._address, trouble)
        elif self._trouble and not trouble:
            logger.warning("A majority of the Sentinels names %s again", self._address)
