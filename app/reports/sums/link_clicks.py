"""Clicks of every link: how many there are, and when the last one was."""

from collections.abc import Iterator
from contextlib import ExitStack

from app.links.index.follower import LinkClicks
from app.reports.conditions import Parameters
from app.reports.sums.division import day_number
from app.reports.sums.versions import of_versions
from app.stores.clickhouse.connection import connect, translated
from app.stores.scripts import query
from app.sums.days import clean_days

#: Rows taken from the connection at once.
_PIECE = 10_000


def link_clicks(url: str, timeout_seconds: float) -> Iterator[LinkClicks]:
    """Yield the clicks of each link that has some, each click once.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: as the server says.
    """
    client = connect(url, timeout_seconds=timeout_seconds)
    with translated(url), ExitStack() as stack:
        stack.callback(client.disconnect)
        parameters = Parameters()
        days = {day_number(day): each.version for day, each in clean_days(client).items()}
        sums = without = ""
        if days:
            versions = of_versions(parameters, days, "toDate(time)")
            sums = query("app.reports", "link_clicks_of_sums", versions=versions)
            summed = parameters.place(list(days), "Array(Int64)")
            without = f"WHERE NOT has({summed}, toInt64(toRelativeDayNum(time, 'UTC')))"
        text = query("app.reports", "link_clicks", sums=sums, without=without)
        settings = {"max_threads": 1, "max_block_size": _PIECE}
        for row in client.execute_iter(text, parameters.values, settings=settings):
            yield LinkClicks(*row)
