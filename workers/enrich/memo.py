"""Cache that remembers the answers of a pure function of a text."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Answer = TypeVar("Answer")

#: What a text takes on average, if not on its own: user agents have some 120 bytes.
_MEAN_BYTES = 300


class Memo(Generic[Answer]):
    """A pure function of a text with its last answers remembered, about ``size`` of them at most.

    User agents, referrers and addresses repeat: remembered, an answer costs 0.1 µs instead of the
    30 µs of a user agent's parsing. Two dicts take turns, and who is asked for again moves to the
    younger one, which costs a third less than to keep all in the order of their last use.

    Texts may be as long as the contract lets them be. They take up ``size`` times 300 bytes at
    most, so that of long ones, which are rare or hostile, fewer are remembered.
    """

    def __init__(self, answer: Callable[[bytes], Answer], size: int) -> None:
        self._answer = answer
        self._half_size = size // 2
        self._answers = self._begin({})

    def all(self, texts: Sequence[bytes]) -> list[Answer]:
        """Return the answers to texts, in their order."""
        if self._answers.is_full or len(self._answers) >= self._half_size:
            self._answers = self._begin(dict(self._answers))
        return list(map(self._answers.__getitem__, texts))

    def _begin(self, older: dict[bytes, Answer]) -> "_Answers[Answer]":
        return _Answers(self._answer, older, self._half_size * _MEAN_BYTES)


class _Answers(dict[bytes, Answer]):
    """Answers that were asked for; others are had from older ones, or else found out.

    Attributes:
        is_full: whether there was a text that it has no room for.
    """

    def __init__(
        self, answer: Callable[[bytes], Answer], older: dict[bytes, Answer], room_bytes: int
    ) -> None:
        self.is_full = False
        self._answer = answer
        self._older = older
        self._room_bytes = room_bytes

    def __missing__(self, text: bytes) -> Answer:
        found = self._older.pop(text) if text in self._older else self._answer(text)
        if len(text) <= self._room_bytes:
            self._room_bytes -= len(text)
            self[text] = found
        else:
            self.is_full = True
        return found
