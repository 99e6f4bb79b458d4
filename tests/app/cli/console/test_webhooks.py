"""`hopline webhooks`, as people type it."""

import json
from typing import Any

import pytest

from app.config.settings import Settings
from app.processes.child import wait_for
from app.webhooks.deliveries import open_deliveries
from app.webhooks.store import open_webhooks
from tests.support.receivers import answering, receiver
from tests.support.workers.deliverer import delivering

URL = "https://example.com/hook"


@pytest.fixture
def settings(make_settings: Any, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HOPLINE_REDIS_URL", redis_url)
    monkeypatch.setenv("HOPLINE_WEBHOOK_ALLOW_PRIVATE", "yes")
    return make_settings(redis_url=redis_url, webhook_allow_private=True)


def add(hopline: Any, *arguments: str) -> dict[str, Any]:
    ran = hopline("webhooks", "add", *arguments, "--json")
    assert ran.exit_code == 0, ran.err
    return json.loads(ran.out)


def test_a_webhook_is_added_listed_and_removed(hopline: Any, settings: Settings) -> None:
    given = ("--event", "click.batch", "--tag", "Shop", "--code", "a", "--name", "shop")
    new = add(hopline, URL, *given)
    assert (new["events"], new["tags"], new["codes"]) == (["click.batch"], ["shop"], ["a"])
    listed = hopline("webhooks", "list")
    assert new["id"] in listed.out
    assert "live" in listed.out
    assert new["secret"] not in listed.out
    for command, state in (("disable", "disabled"), ("enable", "live")):
        assert hopline("webhooks", command, new["id"]).exit_code == 0
        assert state in hopline("webhooks", "list").out
    assert hopline("webhooks", "rm", new["id"], "gone").exit_code == 1
    assert json.loads(hopline("webhooks", "list", "--json").out) == {"webhooks": []}
    changes = hopline("changes").out
    assert "webhook.deleted" in changes
    assert new["secret"] not in changes


def test_what_is_wrong_is_named(hopline: Any, settings: Settings) -> None:
    ran = hopline("webhooks", "add", "ftp://example.com", "--event", "link.eaten")
    assert ran.exit_code == 2
    assert "url" in ran.err
    assert "events" in ran.err
    for command in ("rotate", "test", "deliveries", "enable"):
        ran = hopline("webhooks", command, "nobody")
        assert (ran.exit_code, "nobody" in ran.err) == (1, True)


def test_a_secret_is_shown_when_it_is_made_and_rotated(hopline: Any, settings: Settings) -> None:
    new = add(hopline, URL, "--event", "click.batch")
    ran = hopline("webhooks", "rotate", new["id"], "--overlap", "1h")
    assert ran.out.strip() == open_webhooks(settings).get(new["id"]).secret
    assert "it isn't shown again" in ran.err
    assert hopline("webhooks", "rotate", new["id"], "--overlap", "2020-01-01").exit_code == 2


def test_a_test_says_what_came_of_it(hopline: Any, settings: Settings) -> None:
    with receiver() as one, delivering(settings):
        new = add(hopline, one.url, "--event", "click.batch")
        ran = hopline("webhooks", "test", new["id"])
        assert (ran.exit_code, ran.out.split()[1:]) == (0, ["delivered:", "200"])
        one.behave = answering(404)
        ran = hopline("webhooks", "test", new["id"])
        assert (ran.exit_code, ran.out.split()[1:]) == (1, ["waiting:", "404", "Not", "Found"])
        shown = hopline("webhooks", "deliveries", new["id"]).out
        assert shown.count("webhook.test") == 2
        delivered = hopline("webhooks", "deliveries", new["id"], "--state", "delivered", "--json")
        (first,) = json.loads(delivered.out)["deliveries"]
        body = hopline("webhooks", "deliveries", new["id"], "--body", first["id"]).out
        assert json.loads(body)["type"] == "webhook.test"
        ran = hopline("webhooks", "deliveries", new["id"], "--again", first["id"])
        assert ran.exit_code == 0
        assert wait_for(lambda: one.ids.count(first["id"]) == 2, 30)


def test_a_test_that_nobody_sends_waits(
    hopline: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.console.webhooks._TEST_SECONDS", 0.2)
    new = add(hopline, URL, "--event", "click.batch")
    ran = hopline("webhooks", "test", new["id"])
    assert (ran.exit_code, "do the workers run?" in ran.out) == (1, True)
    assert open_deliveries(settings).waiting([new["id"]]) == {new["id"]: 1}
