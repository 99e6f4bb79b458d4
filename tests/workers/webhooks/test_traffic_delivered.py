"""Events of traffic that reach a real receiver: clicks carry their own times, so nobody waits."""

import secrets
import time
from typing import Any

import orjson
import redis

from app.clicks.click import new_click_id, to_fields
from app.config.settings import Settings
from app.config.shards import shards_of
from app.links.store import LinkStore
from app.processes.child import wait_for
from app.stores.keys import WEBHOOK_PLACES
from tests.support.producers import make_click
from tests.support.receivers import Receiver, receiver
from tests.support.workers.deliverer import add_webhook, delivering
from workers.webhooks.rates import SPIKE_CLICKS, SPIKE_SECONDS
from workers.webhooks.traffic_feed import LATE_SECONDS

SECONDS = 60
HOUR = 3_600
PERSON = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def stream_of(settings: Settings) -> str:
    return shards_of(settings)[0].stream


def add(client: redis.Redis, settings: Settings, code: str, *times: float) -> None:
    """Add people's clicks of some Unix times; who stores clicks has done so."""
    stream = stream_of(settings)
    with client.pipeline(transaction=False) as added:
        for at in times:
            click_id = new_click_id(round(at * 1000), secrets.token_bytes(10))
            click = make_click(
                click_id=click_id, timestamp=int(at), short_code=code, user_agent=PERSON
            )
            added.xadd(stream, dict(to_fields(click)))
        added.execute()
    stored(client, settings)


def stored(client: redis.Redis, settings: Settings) -> None:
    stream, names = stream_of(settings), [settings.group.encode()]
    if names[0] in [each["name"] for each in client.xinfo_groups(stream)]:
        client.xgroup_setid(stream, settings.group, "$")
    else:
        client.xgroup_create(stream, settings.group, "$")


def heard(one: Receiver) -> list[tuple[str, Any]]:
    bodies = {request.id: orjson.loads(request.body) for request in one.requests}
    return [(body["type"], body["data"]) for body in bodies.values()]


def test_a_link_that_spikes_is_told_of_once_and_one_as_usual_is_not(
    settings: Settings, links: LinkStore, client: redis.Redis
) -> None:
    for code in ("spike", "usual"):
        links.create({"target": "https://example.com/"}, code=code)
    with receiver() as one:
        add_webhook(settings, one.url, "link.spike")
        # A window of five minutes that is over, so that the clicks are of one.
        began = int(time.time()) // SPIKE_SECONDS * SPIKE_SECONDS - SPIKE_SECONDS
        with delivering(settings):
            add(client, settings, "usual", *(began - 2 * HOUR + 60 * at for at in range(120)))
            add(client, settings, "spike", began - 2 * HOUR, began - HOUR)
            add(client, settings, "usual", began + 1, began + 2)
            add(client, settings, "spike", *(began + at for at in range(SPIKE_CLICKS)))
            assert wait_for(lambda: heard(one), SECONDS)
            add(client, settings, "spike", began + 200, began + 201)
            last = client.xrevrange(stream_of(settings), count=1)[0][0]
            place = f"clicks {stream_of(settings)}"
            assert wait_for(lambda: client.hget(WEBHOOK_PLACES, place) == last, SECONDS)
        spikes = [data for event, data in heard(one) if event == "link.spike"]
        assert [data["code"] for data in spikes] == ["spike"]
        assert spikes[0]["clicks"] >= SPIKE_CLICKS > 10 * spikes[0]["usual"]
        assert spikes[0]["seconds"] == SPIKE_SECONDS


def test_a_link_that_went_quiet_is_told_of_once(
    settings: Settings, links: LinkStore, client: redis.Redis
) -> None:
    for code in ("quiet", "busy"):
        links.create({"target": "https://example.com/"}, code=code)
    now = time.time()
    with receiver() as one:
        add_webhook(settings, one.url, "link.quiet")
        with delivering(settings):
            add(client, settings, "busy", *(now - 8 * HOUR + 240 * at for at in range(120)))
            add(client, settings, "quiet", *(now - 8 * HOUR + 120 * at for at in range(120)))
            assert wait_for(lambda: heard(one), SECONDS)
        assert [(event, data["code"]) for event, data in heard(one)] == [("link.quiet", "quiet")]
        assert heard(one)[0][1]["usual_per_hour"] > 5


def test_reports_that_are_late_and_fresh_again_are_told_of(
    settings: Settings, client: redis.Redis
) -> None:
    stream = stream_of(settings)
    client.xgroup_create(stream, settings.group, "0", mkstream=True)
    with receiver() as one:
        add_webhook(settings, one.url, "system.freshness")
        with delivering(settings):
            minute_ago_ms = round((time.time() - 60) * 1000)
            client.xadd(stream, dict(to_fields(make_click())), id=f"{minute_ago_ms}-1")
            assert wait_for(lambda: len(heard(one)) == 1, SECONDS)
            stored(client, settings)
            assert wait_for(lambda: len(heard(one)) == 2, SECONDS)
        late, fresh = sorted((data for _, data in heard(one)), key=lambda data: data["state"])[::-1]
        assert (late["state"], fresh["state"]) == ("late", "fresh")
        assert late["oldest_seconds"] >= LATE_SECONDS
