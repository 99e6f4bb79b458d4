"""`python -m app.local.demo`: links, two months of clicks and a trickle of visits, to look at."""

import logging
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from app.config.loading import load
from app.config.settings import Settings
from app.links.store import LinkStore, open_store
from app.local import demo_month, ports
from app.local.demo_links import LINKS
from app.local.demo_visits import Crowd, Visit
from app.logs import setup as logs
from app.stores.redis.client import connect

logger = logging.getLogger(__name__)

_DAY_MS = 86_400_000
_VISITS_PER_SECOND = 4.0
_PAUSE_SECONDS = 1.0


def main() -> None:
    """Make the links and their past, then visit them until the process is stopped."""
    settings = load()
    logs.configure(settings, "demo")
    store = open_store(settings)
    chance = random.Random()  # noqa: S311 - nothing here is secret
    if has_no_link(store):
        # First, so that a demo which was stopped halfway is given its whole past the next time.
        with connect(
            settings.redis_url,
            timeout_seconds=settings.redis_timeout_seconds,
            near=settings.stream,
        ) as client:
            month = demo_month.clicks(datetime.now(UTC))
            written = demo_month.write(client, settings.redis_url, settings.stream, month)
        logger.info("%d clicks of the last %d days are written", written, demo_month.DAYS)
    make_links(store)
    crowd = Crowd(chance)
    while True:
        try_visit(settings, crowd.visit())
        time.sleep(chance.expovariate(_VISITS_PER_SECOND))


def has_no_link(store: LinkStore) -> bool:
    """Tell whether none of the links was made before."""
    return not any(store.peek([link.code for link in LINKS]))


def make_links(store: LinkStore) -> None:
    """Create the links, as if each were as old as it says; those of an earlier run stay."""
    now_ms = time.time_ns() // 1_000_000
    drafts = (
        store.draft(link.options(), code=link.code, created_ms=now_ms - link.age_days * _DAY_MS)
        for link in LINKS
    )
    store.put_new(list(drafts))


def try_visit(
    settings: Settings, visit: Visit, pause: Callable[[float], None] = time.sleep
) -> None:
    """Send one visit; a redirect that is being started again costs a pause."""
    try:
        ports.get(settings.redirect_bind, visit.path(), visit.headers())
    except OSError as error:
        logger.warning("A visit failed: %s", error)
        pause(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
