"""`python -m app.local.demo`: a handful of links and a trickle of visits, for a first look."""

import logging
import random
import time
from collections.abc import Callable

from app.config.loading import load
from app.config.settings import Settings
from app.links.link import CodeTaken
from app.links.store import LinkStore, open_store
from app.local import ports
from app.local.demo_visits import Crowd, Visit
from app.logs import setup as logs

logger = logging.getLogger(__name__)

#: In the order of their popularity.
LINKS = {
    "launch": ("https://example.com/blog/launch?utm_source=newsletter", "Launch announcement"),
    "docs": ("https://example.com/docs/start", "Getting started"),
    "podcast": ("https://example.org/podcast/episodes/42", "Podcast, episode 42"),
    "menu": ("https://example.net/menu.pdf", "The QR code on the tables"),
    "survey": ("https://example.com/survey/2026", "Customer survey"),
}
_VISITS_PER_SECOND = 4.0
_PAUSE_SECONDS = 1.0


def main() -> None:
    """Make the links, then visit them until the process is stopped."""
    settings = load()
    logs.configure(settings, "demo")
    make_links(open_store(settings))
    chance = random.Random()  # noqa: S311 - nothing here is secret
    crowd = Crowd(tuple(LINKS), chance)
    while True:
        try_visit(settings, crowd.visit())
        time.sleep(chance.expovariate(_VISITS_PER_SECOND))


def make_links(store: LinkStore) -> None:
    """Create the links; those of an earlier run stay as they are."""
    for code, (target, title) in LINKS.items():
        try:
            store.create({"target": target, "title": title, "tags": ("demo",)}, code=code)
        except CodeTaken:
            continue


def try_visit(
    settings: Settings, visit: Visit, pause: Callable[[float], None] = time.sleep
) -> None:
    """Send one visit; a redirect that is being started again costs a pause."""
    try:
        ports.get(settings.redirect_bind, f"/{visit.code}", visit.headers())
    except OSError as error:
        logger.warning("A visit failed: %s", error)
        pause(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
