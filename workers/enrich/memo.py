from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

Answer = TypeVar("Answer")

#: Longer texts are rare or hostile, and 20,000 of them would fill the memory.
MAX_KEY_LENGTH = 512


def memoised(answer: Callable[[str], Answer], size: int) -> Callable[[str], Answer]:
    """Return the pure function with its last ``size`` answers remembered.

    User agents, referrers and addresses repeat: remembered, an answer costs 0.1 µs instead of the
    30 µs of a user agent's parsing.
    """
    remembered = lru_cache(size)(answer)

    def ask(text: str) -> Answer:
        return remembered(text) if len(text) <= MAX_KEY_LENGTH else answer(text)

    return ask
