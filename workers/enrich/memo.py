from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

#: Longer texts are rare or hostile, and 20,000 of them would fill the memory.
MAX_KEY_LENGTH = 512


class Memo(Generic[Answer]):
    """A pure function of a text with its last ``size`` answers remembered.

    User agents, referrers and addresses repeat: remembered, an answer costs 0.1 µs instead of the
    30 µs of a user agent's parsing.
    """

    def __init__(self, answer: Callable[[bytes], Answer], size: int) -> None:
        self._answer = answer
        self._remembered = lru_cache(size)(answer)

    def all(self, texts: Sequence[bytes]) -> list[Answer]:
        """Return the answers to texts, in their order."""
        if max(map(len, texts), default=0) <= MAX_KEY_LENGTH:
            return list(map(self._remembered, texts))
        return [
            self._remembered(text) if len(text) <= MAX_KEY_LENGTH else self._answer(text)
            for text in texts
        ]
