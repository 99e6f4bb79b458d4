"""Two months of made-up clicks for `hopline up --demo`: weekdays, nights, mailings, a viral day.

They go the way of every click: into the stream, as other producers write it, to consumers, tables
and sums. Only their times are made up, too.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from app.clicks.click import NO_FETCH_MODE, Click, new_click_id, to_fields
from app.local.demo_links import LINKS, VIRAL_CODE, DemoLink
from app.local.demo_visits import Crowd, Visit, Visitor
from app.stores.redis.errors import translated

if TYPE_CHECKING:
    import redis

DAYS = 60
#: Of a common day at first; two months come to some 70,000.
_VISITS_A_DAY = 800
#: On the day on which it is talked about, and on those after it.
_VIRAL_VISITS = (5_200, 2_100, 700, 300, 200, 100, 50)
_MAILING_VISITS = 900
#: Growth of a day over the one before.
_GROWTH = 1.012
#: From Monday on.
_WEEKDAYS = (1.05, 1.12, 1.1, 1.06, 0.95, 0.62, 0.55)
_TUESDAY, _WEDNESDAY = 1, 2
#: By local hour.
_HOURS = (
    *(0.22, 0.13, 0.08, 0.06, 0.07, 0.16, 0.4, 0.8, 1.2, 1.5, 1.55, 1.45),
    *(1.35, 1.4, 1.5, 1.45, 1.3, 1.2, 1.15, 1.2, 1.25, 1.1, 0.8, 0.45),
)
#: Hours in which those who follow a mail become three times fewer.
_FADING_HOURS = 9.0
#: Addresses of one mail gateway, which follows all links of a mail at once.
_GATEWAY = Visitor("192.0.2.77", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "")
_GATEWAY_VISITS = 24
#: Entries written in one round trip.
_BATCH = 500


def clicks(now: datetime) -> Iterator[Click]:
    """Yield the clicks of the days before a time, day by day.

    Within a day they are the same, with the same ids: written twice, they are counted once.
    """
    today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    chance = random.Random(today.toordinal())  # noqa: S311 - nothing here is secret
    crowd = Crowd(chance)
    for days_ago in range(DAYS, -1, -1):
        day = today - timedelta(days=days_ago)
        for when, visit in _visits_of(day, days_ago, crowd, chance):
            click = _click(when, visit, chance)
            if when < now:
                yield click


def write(client: "redis.Redis", url: str, stream: str, month: Iterator[Click]) -> int:
    """Write the clicks into the stream and return how many they were.

    Raises:
        RedisUnavailable, RedisRefused: as the server says; what was written before stays there.
    """
    written = 0
    with translated(url):
        while some := list(islice(month, _BATCH)):
            pipeline = client.pipeline(transaction=False)
            for click in some:
                pipeline.xadd(stream, to_fields(click))  # type: ignore[arg-type]
            pipeline.execute()
            written += len(some)
    return written


def _visits_of(
    day: datetime, days_ago: int, crowd: Crowd, chance: random.Random
) -> Iterator[tuple[datetime, Visit]]:
    common = _VISITS_A_DAY * _WEEKDAYS[day.weekday()] * _GROWTH ** (DAYS - days_ago)
    there = [link for link in LINKS if link.age_days >= days_ago]
    shares = [link.share for link in there]
    for _ in range(int(common * chance.uniform(0.92, 1.08))):
        (link,) = chance.choices(there, shares)
        yield _at_its_hour(day, crowd.visit(link), chance)
    for link in LINKS:
        days_later = (day.weekday() - _WEDNESDAY) % 7
        if link.code == VIRAL_CODE and 3 <= days_ago + days_later < 10:
            for _ in range(_VIRAL_VISITS[days_later]):
                yield _at_its_hour(day, crowd.visit(link), chance)
        if day.weekday() == _TUESDAY and days_ago // 7 in link.sent_weeks_ago:
            yield from _mailing(day.replace(hour=8), link, crowd, chance)


def _at_its_hour(day: datetime, visit: Visit, chance: random.Random) -> tuple[datetime, Visit]:
    hour = chance.choices(range(24), _HOURS)[0] - visit.visitor.utc_offset_hours
    return day + timedelta(hours=hour % 24, seconds=chance.uniform(0, 3600)), visit


def _mailing(
    sent: datetime, link: DemoLink, crowd: Crowd, chance: random.Random
) -> Iterator[tuple[datetime, Visit]]:
    """Yield who follows a mail: a gateway at once all of its links, then people, ever fewer."""
    mailed = (link, *LINKS[:2])
    for one in range(_GATEWAY_VISITS):
        yield sent + timedelta(seconds=one / 8), Visit(mailed[one % len(mailed)], _GATEWAY, "")
    for _ in range(_MAILING_VISITS):
        yield sent + timedelta(hours=chance.expovariate(1 / _FADING_HOURS)), crowd.visit(link)


def _click(when: datetime, visit: Visit, chance: random.Random) -> Click:
    time_ms = int(when.timestamp() * 1000)
    visitor = visit.visitor
    return Click(
        click_id=new_click_id(time_ms, chance.randbytes(10)),
        short_code=visit.link.code,
        timestamp=time_ms // 1000,
        ip=visitor.address,
        user_agent=visitor.user_agent,
        referer=visit.referrer,
        original_url=visit.link.target,
        accept_language=visitor.language,
        query=visit.link.query,
        fetch_mode="navigate" if visitor.language else NO_FETCH_MODE.decode(),
    )
