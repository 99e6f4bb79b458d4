import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.links.store import open_store
from app.sums.computation import Computation
from app.sums.days import clean_days
from tests.support.worker_processes import wait_until
from tests.support.workers.replay_world import World

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
HEADER = "click_id,click_time,shorturl,referrer,user_agent,ip_address,country_code\n"
Rows = Callable[[str], list[tuple[Any, ...]]]


def log(path: Path, count: int, first: datetime = datetime(2024, 3, 1, tzinfo=UTC)) -> Path:
    """Write a log of YOURLS with a visit every hour, each seventh a crawler's."""
    lines = [HEADER]
    for number in range(count):
        when = first + timedelta(hours=number)
        code = ("sale", "news")[number % 2]
        agent = "Googlebot/2.1 (+http://www.google.com/bot.html)" if number % 7 == 0 else AGENT
        place = f"203.0.113.{number % 200},DE"
        lines.append(f'{number},{when:%Y-%m-%d %H:%M:%S},{code},direct,"{agent}",{place}\n')
    path.write_text("".join(lines))
    return path


def told(ended: Any) -> dict[str, Any]:
    found = json.loads(ended.out)
    assert isinstance(found, dict)
    return found


def audit(hopline: Any) -> Any:
    ended = hopline("audit", "--since", "2024-01-01", "--json")
    assert ended.out, ended.err
    return ended.exit_code, json.loads(ended.out)


@pytest.mark.usefixtures("world")
def test_each_visit_of_a_log_becomes_a_click_of_its_own_time(
    hopline: Any, tmp_path: Path, rows: Rows
) -> None:
    ended = hopline("visits", "import", str(log(tmp_path / "log.csv", 50)))
    assert (ended.exit_code, ended.out) == (0, "50 stored, 0 already there, 0 refused\n")
    assert "'click_time' is read as at" in ended.err
    found = rows("time, short_code, target, country, browser, verdict, referrer, visitor_id")
    assert len(found) == 50
    when, code, target, country, browser, verdict, referrer, visitor = found[1]
    assert when == datetime(2024, 3, 1, 1, tzinfo=UTC)
    assert (code, target, country) == ("news", "https://example.com/news", "DE")
    assert (browser, verdict, referrer) == ("Firefox", "person", "")
    assert visitor != 0
    assert [row[5] for row in found].count("bot") == 8


@pytest.mark.usefixtures("world")
def test_a_repeated_import_changes_nothing(hopline: Any, tmp_path: Path, rows: Rows) -> None:
    path = log(tmp_path / "log.csv", 50)
    hopline("visits", "import", str(path))
    before = rows("*")
    ended = hopline("visits", "import", str(path), "--json")
    assert told(ended) == {"dry_run": False, "stored": 0, "already_there": 50, "refused": 0}
    assert rows("*") == before
    longer = hopline("visits", "import", str(log(path, 60)), "--json")
    assert told(longer)["stored"] == 10
    assert len(rows("click_id")) == 60


@pytest.mark.usefixtures("world")
def test_a_dry_run_says_the_same_and_stores_nothing(
    hopline: Any, tmp_path: Path, rows: Rows
) -> None:
    path = log(tmp_path / "log.csv", 50)
    path.write_text(path.read_text() + "51,2024-03-01 00:00:00,unknown,direct,a,1.2.3.4,DE\n")
    dry = hopline("visits", "import", str(path), "--dry-run")
    assert rows("click_id") == []
    real = hopline("visits", "import", str(path))
    assert (dry.exit_code, dry.out) == (real.exit_code, real.out)
    assert dry.out == "50 stored, 0 already there, 1 refused\n"
    assert dry.exit_code == 1
    assert "line 52: no link has the code 'unknown': import the links first" in dry.err


@pytest.mark.usefixtures("world")
def test_the_account_is_balanced_after_an_import(hopline: Any, tmp_path: Path) -> None:
    recent = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=5)
    assert hopline("visits", "import", str(log(tmp_path / "log.csv", 100, recent))).exit_code == 0
    exit_code, account = audit(hopline)
    assert exit_code == 0, account


@pytest.mark.usefixtures("world")
def test_a_report_counts_visits_with_the_clicks_that_came_here(
    hopline: Any, tmp_path: Path
) -> None:
    hopline("visits", "import", str(log(tmp_path / "log.csv", 50)))
    stats = told(hopline("stats", "sale", "--json"))
    assert (stats["clicks"], stats["bots"]) == (25, 4)


@pytest.mark.usefixtures("world")
def test_what_the_file_tells_stands_where_there_is_nothing_to_look_at(
    hopline: Any, tmp_path: Path, rows: Rows
) -> None:
    path = tmp_path / "events.csv"
    path.write_text(
        "Date,Link,Country,City,Device,Browser,OS,Referrer,bot\n"
        "2024-03-01T12:00:00Z,dub.sh/sale,FR,Lyon,Mobile,Safari,iOS,t.co,false\n"
        "2024-03-01T13:00:00Z,dub.sh/sale,,,,,,,true\n"
    )
    assert hopline("visits", "import", str(path)).exit_code == 0
    columns = "country, city, device, browser, os, referrer_host, verdict, is_bot, bot, visitor_id"
    person = ("FR", "Lyon, FR", "mobile", "Safari", "iOS", "t.co", "person", False, "", 0)
    program = ("", "", "other", "", "", "", "bot", True, "unnamed", 0)
    assert rows(columns) == [person, program]
    ended = hopline("replay", "--since", "2024-01-01")
    assert ended.exit_code == 0, ended.err
    assert rows(columns) == [person, program]


@pytest.mark.usefixtures("world")
def test_shlink_visits_without_addresses_are_judged_and_have_no_visitors(
    hopline: Any, tmp_path: Path, rows: Rows
) -> None:
    place = {"countryCode": "FR", "cityName": "Lyon"}
    visit = {"date": "2024-03-01T12:00:00Z", "userAgent": AGENT, "visitLocation": place}
    crawler = {**visit, "userAgent": "Googlebot/2.1 (+http://www.google.com/bot.html)"}
    path = tmp_path / "visits.json"
    path.write_text(json.dumps([visit, visit, crawler]))
    ended = hopline("visits", "import", str(path), "--code", "sale")
    assert ended.out == "3 stored, 0 already there, 0 refused\n"
    columns = "country, browser, verdict, visitor_id"
    found = sorted(rows(columns))
    assert found.count(("FR", "Firefox", "person", 0)) == 2
    assert [row[2] for row in found].count("bot") == 1
    hopline("replay", "--since", "2024-01-01")
    assert sorted(rows(columns)) == found


def test_links_that_are_not_there_or_were_deleted_have_no_visits(
    world: World, hopline: Any, tmp_path: Path, rows: Rows
) -> None:
    open_store(world.settings).delete("news")
    ended = hopline("visits", "import", str(log(tmp_path / "log.csv", 4)))
    assert ended.out == "2 stored, 0 already there, 2 refused\n"
    assert "line 3: the link 'news' was deleted" in ended.err
    assert {code for (code,) in rows("short_code")} == {"sale"}


@pytest.mark.usefixtures("world")
def test_visits_older_than_clicks_are_kept_are_refused(
    hopline: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: Rows
) -> None:
    monkeypatch.setenv("HOPLINE_CLICK_TTL_DAYS", "30")
    ended = hopline("visits", "import", str(log(tmp_path / "log.csv", 2)))
    assert ended.out == "0 stored, 0 already there, 2 refused\n"
    assert "line 2: clicks are kept from" in ended.err
    assert rows("click_id") == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--tz", "Nowhere/Town"), "--tz: 'Nowhere/Town' is no time zone"),
        (("--column", "colour=Farbe"), "--column 'colour=Farbe': expected OURS=THEIRS"),
    ],
)
@pytest.mark.usefixtures("world")
def test_wrong_usage_is_told(
    hopline: Any, tmp_path: Path, arguments: tuple[str, ...], complaint: str
) -> None:
    ended = hopline("visits", "import", str(log(tmp_path / "log.csv", 2)), *arguments)
    assert ended.exit_code == 2
    assert complaint in ended.err


@pytest.mark.usefixtures("world")
def test_a_file_that_is_no_table_is_told(hopline: Any, tmp_path: Path) -> None:
    path = tmp_path / "links.csv"
    path.write_text("target,code\nhttps://example.com/,sale\n")
    ended = hopline("visits", "import", str(path))
    assert (ended.exit_code, ended.out) == (1, "")
    assert "the first line must name the columns: at and any of" in ended.err


#: The command, which stores its first clicks, and then waits to be killed.
_HANGS = """
import time
from app.cli.main import main
from workers.visits.table import VisitTable
store = VisitTable.store
VisitTable.store = lambda *given: (store(*given), time.sleep(600))
main()
"""


def test_an_import_that_is_killed_is_exact_once_it_is_repeated(
    world: World, hopline: Any, tmp_path: Path, rows: Rows
) -> None:
    count = 60_000
    recent = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=count)
    path = log(tmp_path / "log.csv", count, recent)
    started = subprocess.Popen(
        [sys.executable, "-c", _HANGS, "visits", "import", path],
        env={**os.environ, "HOPLINE_REDIS_URL": world.settings.redis_url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: len(rows("click_id")) > 0)
        started.send_signal(signal.SIGKILL)
    finally:
        started.wait()
    stored = len(rows("click_id"))
    assert 0 < stored < count
    ended = hopline("visits", "import", str(path), "--json")
    assert told(ended) == {
        "dry_run": False,
        "stored": count - stored,
        "already_there": stored,
        "refused": 0,
    }
    assert len(rows("click_id")) == count
    exit_code, account = audit(hopline)
    assert exit_code == 0, account


def test_a_day_whose_sums_were_made_is_summed_anew(
    world: World, hopline: Any, tmp_path: Path
) -> None:
    day = datetime(2024, 3, 1, tzinfo=UTC)
    hopline("visits", "import", str(log(tmp_path / "log.csv", 10)))
    # As if long after its clicks came.
    forget = "ALTER TABLE click_marks DELETE WHERE 1"
    world.clickhouse.execute(forget, settings={"mutations_sync": 1})
    with closing(Computation(world.settings.clickhouse_url, 30)) as computation:
        computation.compute(day.date())
        assert day.date() in clean_days(world.clickhouse)
        hopline("visits", "import", str(log(tmp_path / "log.csv", 20)))
        assert clean_days(world.clickhouse) == {}
        assert told(hopline("stats", "sale", "--json"))["clicks"] == 10
