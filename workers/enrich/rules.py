"""Set of rules of which a text is asked once, in time linear in its length.

Rules are regular expressions, and a visitor writes the text. google-re2 runs all of them as one
automaton, which looks at each byte once, whatever the text is.
"""

from collections.abc import Iterable, Mapping
from typing import Generic, TypeVar

import re2

Answer = TypeVar("Answer")

#: Bytes for the automaton: it is built as texts ask for its states, and begun anew when they fill
#: this.
_AUTOMATON_BYTES = 8 << 20


class Rules(Generic[Answer]):
    """Answers, with the words by which each is told; letters of either case are the same.

    Args:
        rules: regular expressions of google-re2 for each answer.
    """

    def __init__(self, rules: Mapping[Answer, Iterable[str]]) -> None:
        options = re2.Options()
        options.case_sensitive = False
        options.never_capture = True
        options.max_mem = _AUTOMATON_BYTES
        self._answers = list(rules)
        self._set = re2.Set.SearchSet(options)
        for patterns in rules.values():
            self._set.Add(_joined(patterns))
        self._set.Compile()

    def first(self, text: str) -> Answer | None:
        """Return the first answer, in the order that they were given, of which a word is there."""
        told = self._set.Match(text)
        return self._answers[min(told)] if told else None

    def all(self, text: str) -> set[Answer]:
        """Return all answers of which a word is there."""
        return {self._answers[index] for index in self._set.Match(text) or ()}


def _joined(patterns: Iterable[str]) -> str:
    r"""Return one pattern for many, with what they begin with in common taken out.

    Each way to begin is a state to be kept for each byte of a text: those that begin with ``\b``
    share it, and google-re2 has neighbours share their letters. Made-up texts take a quarter of
    the time this way.
    """
    ordered = sorted(patterns)
    bounded = [pattern.removeprefix(r"\b") for pattern in ordered if pattern.startswith(r"\b")]
    others = [pattern for pattern in ordered if not pattern.startswith(r"\b")]
    return "|".join([rf"\b(?:{'|'.join(bounded)})", *others] if bounded else others)
