import hypothesis.strategies as st
import orjson
import pytest
from hypothesis import given

from app.webhooks.delivery import (
    STATES,
    Attempt,
    Delivery,
    decode,
    describe,
    encode,
    envelope,
    new_id,
    pack,
    unpack,
)

times = st.integers(0, 1 << 45)
attempts = st.builds(
    Attempt,
    at_ms=times,
    seconds=st.floats(0, 100),
    status=st.integers(0, 999),
    error=st.text(max_size=9),
    answer=st.text(max_size=9),
)
deliveries = st.builds(
    Delivery,
    id=st.text(),
    webhook=st.text(),
    event=st.text(),
    created_ms=times,
    until_ms=times,
    clicks=st.integers(0, 100),
    tries=st.integers(0, 100),
    state=st.sampled_from(STATES),
    attempts=st.lists(attempts, max_size=3).map(tuple),
)


@given(deliveries)
def test_a_delivery_is_read_as_it_was_written(delivery: Delivery) -> None:
    assert decode(encode(delivery)) == delivery


@given(st.binary())
def test_a_body_is_sent_as_it_was_put_together(body: bytes) -> None:
    assert unpack(pack(body)) == body


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"attempts": 1}', b"null"])
def test_what_is_no_delivery_is_none(raw: bytes) -> None:
    assert decode(raw) is None


def test_ids_are_in_the_order_of_time() -> None:
    ids = [new_id(now_ms) for now_ms in (1_796_000_000_000, 1_796_000_000_001, 1_900_000_000_000)]
    assert ids == sorted(ids)
    assert len({new_id(1_796_000_000_000) for _ in range(1000)}) == 1000
    assert all("." not in each and len(each) == 36 for each in ids)


def test_of_many_tries_the_last_are_told_of_and_all_counted() -> None:
    delivery = Delivery(id="a", webhook="w", event="e", created_ms=0, until_ms=0)
    for number in range(50):
        delivery = delivery.tried(Attempt(at_ms=number, seconds=0.1))
    assert delivery.tries == 50
    told = describe(delivery)
    assert [one["at"][-4:] for one in told["attempts"]][-1] == "049Z"  # type: ignore[attr-defined]
    assert len(told["attempts"]) == 20  # type: ignore[arg-type]


def test_an_envelope_says_what_and_when() -> None:
    body = orjson.loads(envelope("link.created", 1_796_000_000_123, {"code": "a"}))
    assert body == {
        "type": "link.created",
        "timestamp": "2026-11-30T00:53:20.123Z",
        "data": {"code": "a"},
    }
