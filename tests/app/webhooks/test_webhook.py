import hypothesis.strategies as st
import pytest
from hypothesis import given

from app.webhooks.webhook import EVENTS, CorruptWebhook, Webhook, decode, encode, is_id, new_id

texts = st.tuples(st.text(max_size=5), st.text(max_size=5))
webhooks = st.builds(
    Webhook,
    id=st.just("4f9s0c2m1xqa"),
    url=st.text(),
    events=st.lists(st.sampled_from(EVENTS), unique=True).map(
        lambda events: tuple(event for event in EVENTS if event in events)
    ),
    secret=st.text(),
    created_ms=st.integers(0, 1 << 50),
    since_ms=st.integers(0, 1 << 50),
    tags=texts,
    codes=texts,
    within=texts,
    disabled=st.booleans(),
    old_until=st.integers(0, 1 << 40),
)


def make(**given: object) -> Webhook:
    held = {"id": new_id(), "url": "", "events": EVENTS, "secret": "s", "created_ms": 0}
    return Webhook(**{**held, "since_ms": 5, **given})  # type: ignore[arg-type]


@given(webhooks)
def test_a_webhook_is_read_as_it_was_written(webhook: Webhook) -> None:
    assert decode(webhook.id, encode(webhook)) == webhook


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b"\xff", b'{"url":"a","events":3}'])
def test_what_is_no_webhook_is_refused(raw: bytes) -> None:
    with pytest.raises(CorruptWebhook, match="abc"):
        decode("abc", raw)


def test_what_a_later_version_knows_is_ignored() -> None:
    raw = encode(make()).replace(b'"url"', b'"later":1,"url"').replace(b'"link.quiet"', b'"x"')
    assert "link.quiet" not in decode("abc", raw).events


def test_ids_are_no_others() -> None:
    assert is_id(new_id())
    assert not any(map(is_id, ("", "../keys", "4F9S0C2M1XQA", "4f9s0c2m1xq\n")))


@pytest.mark.parametrize(
    ("given", "code", "tags", "is_chosen"),
    [
        ({}, "a", (), True),
        ({"tags": ("shop",)}, "a", (), False),
        ({"tags": ("shop",)}, "a", ("shop", "x"), True),
        ({"codes": ("a",)}, "a", (), True),
        ({"codes": ("b",)}, "a", (), False),
        ({"codes": ("b",), "tags": ("shop",)}, "a", ("shop",), True),
        ({"codes": ("a",), "tags": ("shop",)}, "a", (), True),
        ({"within": ("mine",)}, "a", ("mine",), True),
        ({"within": ("mine",)}, "a", ("shop",), False),
        ({"within": ("mine",), "codes": ("a",)}, "a", (), False),
        ({"within": ("mine",), "tags": ("shop",)}, "a", ("mine", "shop"), True),
        ({"within": ("mine",), "tags": ("shop",)}, "a", ("mine",), False),
    ],
)
def test_tags_and_codes_choose_links(
    given: dict[str, object], code: str, tags: tuple[str, ...], is_chosen: bool
) -> None:
    assert make(**given).chooses(code, tags) is is_chosen


def test_it_hears_of_its_events_from_when_it_was_made_and_while_it_is_enabled() -> None:
    assert make().hears("click.batch", 5)
    assert not make().hears("click.batch", 4)
    assert not make(events=("link.created",)).hears("click.batch", 5)
    assert not make(disabled=True).hears("click.batch", 5)


def test_a_secret_that_was_replaced_signs_until_its_time() -> None:
    webhook = make(secret="new", old_secret="old", old_until=10)
    assert webhook.secrets(9.9) == ["new", "old"]
    assert webhook.secrets(10) == ["new"]
    assert make().secrets(0) == ["s"]
