import pytest

from app.click import to_fields
from app.redis import RedisUnavailable
from tests.producers import make_click
from workers.entry import Entry
from workers.examiner import Examiner


def flat(**fields) -> list[bytes]:
    pairs = {**to_fields(make_click()), **fields}.items()
    return [text.encode() for pair in pairs for text in pair]


class Enricher:
    def __init__(self, answer):
        self._answer = answer

    def enrich(self, click, now_ms):
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def examine(answer, entry):
    return Examiner(Enricher(answer), 5).examine(entry, 0)


def test_a_click_becomes_a_row():
    assert examine("row", Entry(b"1-0", flat())) == "row"


def test_what_is_no_click_has_a_reason_and_no_exception():
    fault = examine("row", Entry(b"1-0", flat(timestamp="-5")))
    assert (fault.reason, fault.exception) == ("bad_timestamp", "")


def test_an_unexpected_exception_is_poison_and_says_where():
    fault = examine(ZeroDivisionError("by zero"), Entry(b"1-0", flat()))
    assert (fault.reason, fault.detail) == ("poison", "ZeroDivisionError: by zero")
    assert fault.exception.startswith("ZeroDivisionError at test_examiner.py:")


@pytest.mark.parametrize("error", [RedisUnavailable("away"), MemoryError(), OSError()])
def test_an_error_of_the_surroundings_says_nothing_about_the_entry(error):
    with pytest.raises(type(error)):
        examine(error, Entry(b"1-0", flat()))


def test_an_entry_that_killed_is_not_tried_again():
    fault = examine(AssertionError("it was tried"), Entry(b"1-0", flat(), 7))
    assert (fault.reason, fault.exception) == ("killed_consumer", "")
    assert fault.detail.startswith("6 consumers died")
