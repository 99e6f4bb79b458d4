import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import InvalidClick, from_fields, to_fields
from app.clicks.entry import Entry
from app.stores.redis.errors import RedisUnavailable
from tests.support.producers import make_click
from tests.support.workers.rows import plain_row, rows_of
from workers.consumer.processor import Processed, Processor


def flat(**fields) -> list[bytes]:
    pairs = {**to_fields(make_click()), **fields}.items()
    return [text.encode() for pair in pairs for text in pair]


class Enricher:
    """Fails for a user agent with the error that it is given."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def enrich(self, clicks, now_ms):
        if self._error and b"bad" in clicks.user_agents:
            raise self._error
        return rows_of(*(plain_row(click_id=click_id) for click_id in clicks.click_ids))


def process(entries: list[Entry], error: Exception | None = None) -> Processed:
    return Processor(Enricher(error).enrich, 5).process(entries, 0)


def rows_by_entry(processed: Processed) -> dict[bytes, bytes]:
    return {
        entry_id: click_id
        for entry_ids, rows in processed.good
        for entry_id, click_id in zip(entry_ids, rows.click_id, strict=True)
    }


def test_a_click_becomes_a_row():
    entry = Entry(b"1-0", flat())
    click = from_fields(b"1-0", entry.fields)
    processed = process([entry])
    assert rows_by_entry(processed) == {b"1-0": click.click_id}
    assert processed.dead == []


def test_no_entries_have_no_findings():
    assert process([]) == Processed()


def test_what_is_no_click_has_a_reason_and_no_exception():
    bad = Entry(b"1-0", flat(timestamp="-5"))
    ((entry, fault),) = process([bad]).dead
    assert (entry, fault.reason, fault.exception) == (bad, "bad_timestamp", "")


def test_an_unexpected_exception_is_poison_and_says_where():
    bad = Entry(b"1-0", flat(user_agent="bad"))
    ((_, fault),) = process([bad], ZeroDivisionError("by zero")).dead
    assert (fault.reason, fault.detail) == ("poison", "ZeroDivisionError: by zero")
    assert fault.exception.startswith("ZeroDivisionError at test_processor.py:")


@pytest.mark.parametrize("error", [RedisUnavailable("away"), MemoryError(), OSError()])
def test_an_error_of_the_surroundings_says_nothing_about_the_entry(error):
    with pytest.raises(type(error)):
        process([Entry(b"1-0", flat(user_agent="bad"))], error)


def test_an_entry_that_killed_is_not_tried_again():
    entries = [Entry(b"1-0", flat(user_agent="bad"), 7), Entry(b"2-0", flat(), 7)]
    processed = process(entries, AssertionError("it was tried"))
    assert [entry for entry, _ in processed.dead] == entries
    fault = processed.dead[0][1]
    assert (fault.reason, fault.exception) == ("killed_consumer", "")
    assert fault.detail.startswith("6 consumers died")


KINDS = {
    "good": {},
    "with extras": {"host": "a.example", "gpc": "1"},
    "poison": {"user_agent": "bad"},
    "malformed": {"timestamp": "-5"},
    "too long": {"user_agent": "x" * 9000},
    "empty": {"short_code": ""},
}


@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=40))
def test_the_bad_are_found_among_the_good_each_as_if_it_were_alone(kinds):
    entries = [Entry(b"%d-0" % at, flat(**KINDS[kind])) for at, kind in enumerate(kinds)]
    processed = process(entries, ZeroDivisionError("for a test"))
    expected, dead = {}, []
    for kind, entry in zip(kinds, entries, strict=True):
        try:
            click_id = from_fields(entry.entry_id, entry.fields).click_id
        except InvalidClick as invalid:
            dead.append((entry, invalid.reason, invalid.detail))
            continue
        if kind == "poison":
            dead.append((entry, "poison", "ZeroDivisionError: for a test"))
        else:
            expected[entry.entry_id] = click_id
    assert rows_by_entry(processed) == expected
    assert [(entry, fault.reason, fault.detail) for entry, fault in processed.dead] == dead
