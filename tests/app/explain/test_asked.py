import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clicks.click import new_click_id
from app.explain.asked import Asked, read_asked, time_of


@given(st.binary(min_size=16, max_size=16))
def test_a_click_is_found_by_its_id_in_each_form(click_id):
    digits = click_id.hex()
    for text in (
        digits,
        digits.upper(),
        f" {digits}\n",
        str(uuid.UUID(digits)),
        f"1790000000000-{digits}-a-code",
    ):
        assert read_asked(text) == Asked(click_id=click_id)


@pytest.mark.parametrize(
    "text", ["1790000000000-0", "1790000000000-0@s3", "1-18446744073709551615"]
)
def test_an_entry_and_a_letter_are_named_by_their_ids(text):
    assert read_asked(text) == Asked(entry_id=text)


@pytest.mark.parametrize("text", ["", "demo1", "1790000000000", "0" * 31, "g" * 32, "é" * 32])
def test_what_is_no_id_is_told(text):
    with pytest.raises(ValueError, match="is no click's id"):
        read_asked(text)


def test_only_some_ids_hold_a_time():
    assert time_of(new_click_id(1_790_000_000_123, bytes(10))) == 1_790_000_000_123
    assert time_of(bytes(16)) is None
