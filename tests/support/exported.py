"""Rows as exports write them, for property tests."""

from typing import Any

from hypothesis import strategies as st

from app.exports.clicks import COLUMNS
from tests.support.queries import TEXTS

NAMES = list(COLUMNS)


def row(**values: Any) -> tuple[Any, ...]:
    """Return a row of texts, but for the time and whether it is a bot's."""
    known = dict.fromkeys(NAMES, "x") | {"time": 1_778_414_400_123, "is_bot": False} | values
    return tuple(known[name] for name in NAMES)


@st.composite
def rows(draw: st.DrawFn) -> tuple[Any, ...]:
    times = st.integers(-(2**41), 2**41)
    values = {"time": draw(times), "is_bot": draw(st.booleans())}
    return row(**{name: draw(TEXTS) for name in ("target", "referrer", "user_agent")}, **values)
