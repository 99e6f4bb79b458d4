"""Elements of JSON arrays: each is found, whatever is wrong with the one before it."""

import json
import re
from collections.abc import Iterator
from typing import Any

#: What stands between elements, and between an array and another behind it.
_BETWEEN = re.compile(r"(?:[\s,]|\](?:\s*+\[)?)*+")
#: What tells where an element ends that can't be read: texts, which end on their line, brackets,
#: commas, and where a further object begins, whatever is wrong before it.
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"?|[,\n][^\S\n]*+\{|[\[{}\],]')
#: And where a further object begins when a text is not closed before it.
_FURTHER = re.compile(r'\}\s*,\s*(?=\{\s*")')


class Object(dict[str, Any]):
    """A JSON object that knows of names which stand in it more than once.

    Attributes:
        pairs: all names and values as they were written.
    """

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


class NoJson(Exception):
    """A text that is no JSON; says where and why."""


_decode = json.JSONDecoder(object_pairs_hook=Object).raw_decode


def read_value(text: str) -> object:
    """Return the value that a line holds, objects as :class:`Object`.

    Raises:
        NoJson: it holds none, or more than one.
    """
    plain = text.strip()
    try:
        value, end = _decode(plain)
    except json.JSONDecodeError as error:
        raise NoJson(f"it is no JSON: {error.msg}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise NoJson(f"it is no JSON: {error}") from None
    if end < len(plain):
        raise NoJson(f"it is no JSON: more stands behind it, column {end + 1}")
    return value


def read_elements(text: str) -> Iterator[tuple[int, object | NoJson]]:
    """Yield the elements of an array, and of those behind it, with the lines on which they begin.

    After an element that can't be read, for which the fault stands, it goes on with the next. An
    array that isn't closed is a fault at its end.
    """
    place, line = text.index("[") + 1, _Lines(text)
    is_closed = False
    while True:
        start, place = place, _end(_BETWEEN, text, place)
        is_closed = is_closed or "]" in text[start:place]
        if place == len(text):
            break
        number = line.number(place)
        try:
            element, place = _decode(text, place)
        except (ValueError, RecursionError) as error:
            yield number, NoJson(f"it is no JSON: {error}")
            place = _next_element(text, place)
            is_closed = is_closed or place == len(text)
        else:
            yield number, element
    if not is_closed:
        end = len(text.rstrip())
        yield line.number(end), NoJson("the array isn't closed: the file may be cut off")


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place


def _next_element(text: str, place: int) -> int:
    """Return where an array goes on after an element that can't be read."""
    depth = 0
    for token in _TOKEN.finditer(text, place):
        kind, length = token[0][0], len(token[0])
        if kind in ",\n" and length > 1:
            return token.end() - 1
        if kind == "]" and depth == 0:
            return token.start()
        if kind == "," and depth == 0:
            return token.end()
        depth = max(0, depth + (kind in "[{") - (kind in "]}"))
    further = _FURTHER.search(text, place)
    return further.end() if further else len(text)


class _Lines:
    """Numbers of lines by places in a text, which are asked for in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._number = 1
        self._place = 0

    def number(self, place: int) -> int:
        if place > self._place:
            self._number += self._text.count("\n", self._place, place)
            self._place = place
        return self._number
