from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.changes.author import Author, local_author
from app.changes.change import WHATS, Change, difference, from_entry, to_entry

_TEXTS = st.text(st.characters(codec="utf-8"))
_FIELDS = st.dictionaries(_TEXTS, st.none() | st.booleans() | st.integers(0, 99) | _TEXTS)
_CHANGES = st.builds(
    Change,
    st.sampled_from(WHATS),
    _TEXTS,
    st.builds(Author, _TEXTS, _TEXTS, _TEXTS, _TEXTS),
    _FIELDS,
    _FIELDS,
)


def entry_of(change: Change) -> dict[bytes, bytes]:
    parts = [part.encode() if isinstance(part, str) else part for part in to_entry(change)]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@given(_CHANGES)
def test_a_change_is_read_back_as_it_was_written(change: Change) -> None:
    assert from_entry(entry_of(change)) == change


@given(_FIELDS, _FIELDS)
def test_a_difference_leads_from_one_to_the_other(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    was, became = difference(before, after)
    kept = {name: value for name, value in before.items() if name not in was}
    rebuilt = {**kept, **became}
    assert {name: rebuilt.get(name) for name in {**before, **after}} == {
        name: after.get(name) for name in {**before, **after}
    }
    assert not [name for name in was if was[name] == became.get(name)]


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {b"what": b"moon.landed"},
        {b"what": b"\xff"},
        {b"what": b"link.created", b"to": b"{"},
        {b"what": b"link.created", b"count": b"many"},
    ],
)
def test_what_nobody_knows_is_no_change(entry: dict[bytes, bytes]) -> None:
    assert from_entry(entry) is None


def test_a_local_author_is_who_runs_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody-else")
    author = local_author("hopline restore")
    assert "somebody-else" not in author.who
    assert "@" in author.who
    monkeypatch.setattr("os.getuid", lambda: 4_123_456)
    assert local_author().who.startswith("4123456@")
