"""Scenario that a run plays: what is under test, what happens to it, and what has to be so."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from tests.ha.accounts.targets import Judge, visitors
from tests.ha.options import Asked, Options
from tests.ha.stage import Stage
from tests.ha.testbed.testbed import Testbed


class Scenario(NamedTuple):
    """What happens, in a name and a sentence.

    Attributes:
        set_up: makes what is under test, in a folder.
        play: does everything, while visitors come.
        conclude: looks at what is left, once all is processed.
        judges: what is promised beside that every click counts once.
        rate: clicks a second, unless told otherwise.
        is_usual: whether it is played without being asked for.
        is_failover: whether Sentinels replace the master.
    """

    name: str
    text: str
    set_up: Callable[[Path, Asked, Options], AbstractContextManager[Testbed]]
    play: Callable[[Stage], None]
    conclude: Callable[[Stage], None] = lambda _: None
    judges: tuple[Judge, ...] = (visitors,)
    is_usual: bool = True
    is_failover: bool = False
    rate: float = 1_000.0
