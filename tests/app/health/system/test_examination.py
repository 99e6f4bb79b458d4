import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from app.clicks.click import new_click_id
from app.config.settings import Settings
from app.health.check import Check, ok
from app.health.system.examination import examine, examine_within
from app.links.index.file import IndexFile
from app.redirect.spool.file import SpoolFile
from app.redirect.spool.location import NAME


def three(_: Settings) -> Iterator[Check]:
    for name in ("one", "two", "three"):
        yield ok(name, "well")


def test_everything_is_looked_at_in_time() -> None:
    found = examine_within(Settings(), lambda: 0.0, three)
    assert [check.name for check in found] == ["one", "two", "three"]


def test_it_ends_and_says_so_once_it_has_taken_long() -> None:
    times = iter([0.0, 5.0, 9.0])
    found = list(examine_within(Settings(), lambda: next(times), three))
    assert [(check.name, check.state) for check in found] == [
        ("one", "ok"),
        ("two", "ok"),
        ("examination", "warn"),
    ]
    assert "over 8 s" in found[-1].text


@pytest.fixture
def settings(make_settings: Any, redis_url: str, free_port: Callable[[], int]) -> Settings:
    """An installation of which Redis alone runs."""
    nowhere = f"127.0.0.1:{free_port()}"
    made: Settings = make_settings(
        redis_url=redis_url,
        clickhouse_url=f"clickhouse://{nowhere}/hopline",
        redirect_bind=nowhere,
        console_bind=nowhere,
        workers_metrics_bind="off",
        redirect_metrics_bind="off",
    )
    return made


@pytest.mark.parametrize("bind", ["", "fd://3"])
def test_an_index_that_a_command_left_is_no_finding_where_no_console_runs(
    settings: Settings, bind: str
) -> None:
    with IndexFile(settings.links_index).reading():
        pass
    held = settings.model_copy(update={"console_bind": bind or settings.console_bind})
    found = [check.state for check in examine(held) if check.name == "links index"]
    # A console on a socket that was handed down can't be asked whether it is there.
    assert found == (["warn"] if bind else [])


def test_clicks_of_a_spool_are_counted_without_a_walk(settings: Settings) -> None:
    file = SpoolFile(settings.spool_directory, 1 << 24)
    file.write([(new_click_id(1_778_414_400_000, bytes(10)), b"XADD")])
    file.close()
    with closing(sqlite3.connect(settings.spool_directory / NAME)) as writer, writer:
        writer.execute("UPDATE totals SET clicks = 3000000")
    (spool,) = (check for check in examine(settings) if check.name == "spool")
    assert spool.text.startswith("3,000,000 clicks wait")
