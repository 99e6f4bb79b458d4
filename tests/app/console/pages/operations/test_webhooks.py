import re
from typing import Any

import pytest

from app.keys.store import KeyStore
from app.stores.keys import WEBHOOK_BYTES
from app.webhooks.deliveries import Deliveries
from app.webhooks.delivery import Attempt, encode
from app.webhooks.store import WebhookStore
from app.webhooks.terms import Terms
from app.webhooks.webhook import Webhook, keys_of
from tests.support.pages import Browser, text_of

URL = "https://receiver.example/in"
EVIL = "<script>alert(1)</script>"


@pytest.fixture
def webhooks(links: Any) -> WebhookStore:
    return WebhookStore(links._client, "", Terms())


@pytest.fixture
def deliveries(links: Any) -> Deliveries:
    return Deliveries(links._client, "", 172_800, 1 << 20)


@pytest.fixture
def webhook(webhooks: WebhookStore) -> Webhook:
    return webhooks.add({"url": URL, "events": ["link.created"], "name": "receiver"})


def path_of(webhook: Webhook, *more: str) -> str:
    return "/".join((f"/webhooks/{webhook.id}", *more))


def signed_in(
    operator: Browser, keys: KeyStore, *scopes: Any, tags: tuple[str, ...] = ()
) -> Browser:
    _, credential = keys.add("hooks", scopes, tags=tags)
    browser = Browser(operator.client)
    assert browser.send("/sign-in", key=credential.text).status_code == 303
    return browser


def test_a_webhook_is_added_and_its_secret_shown_once(
    operator: Browser, webhooks: WebhookStore
) -> None:
    assert "No webhook exists" in text_of(operator.get("/webhooks"))
    answer = operator.send(
        "/webhooks",
        url=URL,
        name=EVIL,
        event=["click.batch", "link.created"],
        tags="Spring sale, b",
        codes="abc",
    )
    (webhook,) = webhooks.all()
    assert webhook.secret in answer.text
    assert (webhook.events, webhook.tags) == (("click.batch", "link.created"), ("b", "spring-sale"))
    assert (webhook.name, webhook.codes) == (EVIL, ("abc",))
    for path in ("/webhooks", path_of(webhook)):
        page = operator.get(path)
        assert webhook.secret not in page.text
        assert EVIL not in page.text
        assert EVIL in text_of(page)
    assert "key:token by console" in text_of(operator.get(f"/audit?subject={webhook.id}"))


def test_what_no_webhook_can_be_is_said_and_what_was_written_stays(
    operator: Browser, webhooks: WebhookStore
) -> None:
    good = {"url": URL, "event": "link.created", "name": "kept"}
    for field, wrong in (
        ("url", {"url": "ftp://x"}),
        ("url", {"url": ""}),
        ("events", {"event": []}),
        ("events", {"event": "odd"}),
        ("tags", {"tags": "<"}),
        ("codes", {"codes": "a/b"}),
        ("name", {"name": "kept\0"}),
    ):
        answer = operator.send("/webhooks", **{**good, **wrong})
        assert (answer.status_code, f'role="alert">{field}: ' in answer.text) == (422, True), wrong
        assert "kept" in answer.text
    assert webhooks.all() == []


def test_a_webhook_is_changed_as_its_form_says(
    operator: Browser, webhooks: WebhookStore, webhook: Webhook
) -> None:
    path = path_of(webhook)
    fields = {"act": "save", "url": URL, "event": "link.deleted", "name": "", "disabled": "on"}
    done = operator.follow(operator.send(path, **fields))
    assert "Changed." in text_of(done)
    assert "Nothing is sent." in text_of(done)
    held = webhooks.get(webhook.id)
    assert (held.events, held.name, held.disabled) == (("link.deleted",), "", True)
    del fields["disabled"]
    operator.send(path, **fields)
    assert not webhooks.get(webhook.id).disabled
    refused = operator.send(path, **{**fields, "url": "no"})
    assert (refused.status_code, 'role="alert">url: ' in refused.text) == (422, True)
    assert operator.send(path, act="odd").status_code == 400


def test_of_two_editors_the_later_one_is_told_and_overwrites_nothing(
    operator: Browser, webhooks: WebhookStore, webhook: Webhook
) -> None:
    path, fields = path_of(webhook), {"act": "save", "url": URL, "event": "link.created"}
    page = operator.get(path).text
    seen = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert seen
    webhooks.update(webhook.id, {"name": "theirs", "tags": ["a"]})
    answer = operator.send(path, **fields, name="mine", version=seen[1])
    assert answer.status_code == 412
    assert "was changed by somebody else meanwhile" in text_of(answer)
    assert "Name theirs" in text_of(answer)
    assert 'value="mine"' in answer.text
    assert webhooks.get(webhook.id).name == "theirs"
    now = re.search(r'name="version" value="([0-9a-f]+)"', answer.text)
    assert now
    operator.send(path, **fields, name="mine", version=now[1])
    assert (webhooks.get(webhook.id).name, webhooks.get(webhook.id).tags) == ("mine", ())


def test_a_new_secret_is_shown_once_and_the_one_before_signs_as_long_as_was_said(
    operator: Browser, webhooks: WebhookStore, webhook: Webhook
) -> None:
    answer = operator.send(path_of(webhook), act="rotate", overlap="7d")
    held = webhooks.get(webhook.id)
    assert held.secret != webhook.secret
    assert held.secret in answer.text
    assert webhook.secret not in answer.text
    assert held.secret not in operator.get(path_of(webhook)).text
    week = 7 * 86_400
    assert held.secrets(held.created_ms / 1000 + week - 60) == [held.secret, webhook.secret]
    operator.send(path_of(webhook), act="rotate", overlap="0s")
    held = webhooks.get(webhook.id)
    assert held.secrets(held.old_until) == [held.secret]


def test_a_webhook_is_deleted_once_somebody_has_said_so_twice(
    operator: Browser, webhooks: WebhookStore, webhook: Webhook
) -> None:
    asked = operator.send(path_of(webhook), act="delete")
    assert "Delete the webhook receiver?" in text_of(asked)
    assert [each.id for each in webhooks.all()] == [webhook.id]
    done = operator.follow(operator.send(path_of(webhook), act="delete", meant=webhook.id))
    assert "receiver is told of nothing any more" in text_of(done)
    assert webhooks.all() == []
    assert operator.get(path_of(webhook)).status_code == 404


def test_a_test_is_sent_and_what_came_of_it_is_shown_and_sent_again(
    operator: Browser, links: Any, deliveries: Deliveries, webhook: Webhook
) -> None:
    shown = operator.follow(operator.send(path_of(webhook), act="test"))
    assert "webhook.test" in text_of(shown)
    assert "Not tried yet" in text_of(shown)
    (delivery,) = deliveries.page(webhook.id).deliveries
    attempt = Attempt(at_ms=0, seconds=1.5, status=500, error="status 500", answer=EVIL)
    *_, records, _ = keys_of(webhook.id)
    links._client.hset(records, delivery.id, encode(delivery.tried(attempt)))
    page = operator.get(path_of(webhook, delivery.id))
    assert f"1970-01-01 00:00:00 500 1.5 s status 500 {EVIL}" in text_of(page)
    assert EVIL not in page.text
    assert '"name": "receiver"' in text_of(page)
    assert "500 after 1.5 s status 500" in text_of(operator.get(path_of(webhook)))
    again = operator.follow(operator.send(path_of(webhook, delivery.id)))
    assert "On its way again" in text_of(again)
    assert operator.get(path_of(webhook, "msg_none")).status_code == 404


def test_what_finds_no_room_is_said(operator: Browser, links: Any, webhook: Webhook) -> None:
    links._client.hset(WEBHOOK_BYTES, webhook.id, 1 << 30)
    done = operator.follow(operator.send(path_of(webhook), act="test"))
    assert "Not tried: too much waits" in text_of(done)


def test_deliveries_have_pages_and_are_chosen_by_their_state(
    operator: Browser, deliveries: Deliveries, webhook: Webhook
) -> None:
    for _ in range(52):
        deliveries.send_test(webhook)
    first = operator.get(path_of(webhook) + "?state=waiting")
    assert first.text.count("webhook.test") == 50
    following = re.search(r'href="([^"]*)" rel="next"', first.text)
    assert following
    older = operator.get(following[1].replace("&amp;", "&"))
    assert older.text.count("webhook.test") == 2
    assert "To the newest" in text_of(older)
    assert "No failed deliveries" in text_of(operator.get(path_of(webhook) + "?state=failed"))
    assert operator.get(path_of(webhook) + "?after=x").status_code == 400


def test_a_key_sees_and_makes_webhooks_within_its_tags(
    operator: Browser, keys: KeyStore, webhooks: WebhookStore, webhook: Webhook
) -> None:
    restricted = signed_in(operator, keys, "webhooks", tags=("spring",))
    page = restricted.get("/webhooks")
    assert "receiver" not in page.text
    assert "system.freshness" not in page.text
    assert 'href="/webhooks"' in page.text
    assert restricted.get(path_of(webhook)).status_code == 404
    for fields in ({"act": "delete", "meant": webhook.id}, {"act": "test"}, {"act": "rotate"}):
        answer = restricted.send(path_of(webhook), page="/webhooks", **fields)
        assert answer.status_code == 404, fields
    restricted.send("/webhooks", url=URL, event="link.created", name="mine")
    mine = next(each for each in webhooks.all() if each.name == "mine")
    assert mine.within == ("spring",)
    assert "within spring" in text_of(restricted.get("/webhooks"))
    assert {each.id for each in webhooks.all()} == {webhook.id, mine.id}


def test_who_may_not_see_webhooks_has_neither_page_nor_tab(
    operator: Browser, keys: KeyStore, webhook: Webhook
) -> None:
    reader = signed_in(operator, keys, "links:read")
    for path in ("/webhooks", path_of(webhook), path_of(webhook, "msg_x")):
        assert reader.get(path).status_code == 403, path
    assert 'href="/webhooks"' not in reader.get("/links").text


def test_a_form_of_another_page_does_nothing(
    operator: Browser, webhooks: WebhookStore, webhook: Webhook
) -> None:
    for path in ("/webhooks", path_of(webhook), path_of(webhook, "msg_x")):
        answer = operator.post(path, form_token="00", act="delete", meant=webhook.id)
        assert answer.status_code == 403, path
    assert len(webhooks.all()) == 1
