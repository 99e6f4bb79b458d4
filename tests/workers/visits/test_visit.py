import io
import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.links.files.encoding import UnreadableFile
from workers.visits.visit import BadVisit, Visit, VisitReader

NOW_MS = 1_790_000_000_000
YOURLS = (
    "click_id,click_time,shorturl,referrer,user_agent,ip_address,country_code\n"
    "7,2024-03-01 12:00:00,sale,https://news.example/a,Mozilla/5.0,203.0.113.7,DE\n"
    "8,2024-03-01 12:00:00,sale,direct,Mozilla/5.0,203.0.113.7,\\N\n"
)


def read(raw: bytes | str, zone: Any = UTC, code: str = "", **kwargs: Any) -> list[Any]:
    file = io.BytesIO(raw.encode() if isinstance(raw, str) else raw)
    given = {"columns": {}, "on_unknown": lambda _: None, "on_alias": lambda *_: None, **kwargs}
    return list(VisitReader(zone, code, NOW_MS).read(file, **given))


def ids(found: list[Any]) -> list[bytes]:
    return [visit.click_id for visit in found]


def test_the_log_of_yourls_is_read_as_it_is() -> None:
    first, second = read(YOURLS)
    assert (first.line, first.code, first.time_ms) == (2, "sale", 1_709_294_400_000)
    assert (first.ip, first.user_agent) == ("203.0.113.7", "Mozilla/5.0")
    assert (first.referer, first.country) == ("https://news.example/a", "DE")
    assert (second.referer, second.country) == ("", "")
    assert first.click_id != second.click_id


def test_times_without_a_zone_are_of_the_one_that_was_named() -> None:
    first, _ = read(YOURLS, ZoneInfo("Europe/Berlin"))
    assert first.time_ms == 1_709_294_400_000 - 3_600_000


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "utf-8"), ("\t", "utf-16"), (",", "utf-8-sig")]
)
def test_a_table_is_read_however_it_was_saved(delimiter: str, encoding: str) -> None:
    assert read(YOURLS.replace(",", delimiter).encode(encoding)) == read(YOURLS)


def test_visits_of_shlink_are_read_as_its_interface_answers_them() -> None:
    visits = [
        {
            "referer": "https://t.co/",
            "date": "2024-03-01T12:00:00+01:00",
            "userAgent": "Mozilla/5.0",
            "visitLocation": {"countryCode": "FR", "cityName": "Lyon", "latitude": 45.7},
            "potentialBot": False,
            "visitedUrl": "https://s.example/sale?a=b",
        },
        {
            "referer": "",
            "date": "2024-03-01T12:00:00Z",
            "userAgent": "",
            "visitLocation": None,
            "potentialBot": True,
            "visitedUrl": "",
        },
    ]
    first, second = read(json.dumps(visits), code="other")
    assert (first.code, first.time_ms) == ("sale", 1_709_290_800_000)
    assert (first.country, first.city, first.is_bot) == ("FR", "Lyon", False)
    assert (second.code, second.is_bot, second.country) == ("other", True, "")


def test_events_of_dub_are_read_as_exported_and_as_its_interface_answers_them() -> None:
    table = (
        "Date,Event,Link,Destination URL,City,Country,Device,Browser,OS,Referrer,Click ID\n"
        "2024-03-01T12:00:00.123Z,link,dub.sh/sale,https://example.com/,Lyon,France,Mobile,"
        "Safari,iOS,google.com,abc\n"
    )
    events = {
        "event": "click",
        "timestamp": "2024-03-01T12:00:00.123Z",
        "click": {
            "id": "abc",
            "country": "FR",
            "device": "Mobile",
            "browser": "Safari",
            "os": "iOS",
            "referer": "(direct)",
        },
        "link": {"id": "link_1", "key": "sale"},
    }
    [exported], [answered] = read(table), read(json.dumps(events))
    assert (exported.code, exported.device, exported.browser) == ("sale", "mobile", "Safari")
    assert (exported.referer, exported.country) == ("https://google.com/", "")
    assert (answered.code, answered.country, answered.referer) == ("sale", "FR", "")
    assert exported.click_id == answered.click_id


def test_any_file_says_what_is_what() -> None:
    told: list[object] = []
    table = "Wann;Wohin;Farbe\n1709294400;https://s.example/sale;rot\n"
    [visit] = read(table, columns={"at": "Wann", "code": "Wohin"}, on_unknown=told.append)
    assert (visit.code, visit.time_ms) == ("sale", 1_709_294_400_000)
    assert told == ["Farbe"]


def test_a_visit_has_the_same_id_wherever_its_row_stands() -> None:
    header, *lines = YOURLS.splitlines(keepends=True)
    again = read(header + lines[1] + lines[0])
    assert set(ids(again)) == set(ids(read(YOURLS)))
    assert ids(read(YOURLS + lines[0]))[2] == ids(read(YOURLS))[0]


def test_equal_rows_without_a_number_are_as_many_visits() -> None:
    row = "2024-03-01T12:00:00Z,sale,Mozilla/5.0\n"
    table = f"date,code,userAgent\n{row}"
    found = ids(read(table + row + row))
    assert len(set(found)) == 3
    assert found[:2] == ids(read(table + row))
    assert found[:1] == ids(read(table))


def test_the_id_is_of_the_visit_s_time() -> None:
    [visit, _] = read(YOURLS)
    assert int.from_bytes(visit.click_id[:6]) == visit.time_ms
    assert visit.click_id[6] >> 4 == 7


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (",sale", "at: it is missing"),
        ("soon,sale", "at: 'soon' is no time"),
        ("7d,sale", "at: '7d' is no time"),
        ("2024-13-01,sale", "at: '2024-13-01' is no time"),
        ("1999-01-01,sale", "lies before 2001-09-09, or ahead"),
        ("2099-01-01,sale", "lies before 2001-09-09, or ahead"),
        ("2024-01-01,", "code: it is missing"),
        ("2024-01-01,a b", "code: 'a b' can't be one"),
        ("2024-01-01,https://s.example/", "code: it is missing"),
        ("2024-01-01,sale,more", "it has more cells"),
        ('2024-01-01,"sale', "a quote is not closed on it"),
    ],
)
def test_a_row_that_is_no_visit_is_named_and_stops_no_other(row: str, reason: str) -> None:
    bad, good = read(f"at,code\n{row}\n2024-01-01,sale\n")
    assert isinstance(bad, BadVisit)
    assert reason in bad.reason
    assert (bad.line, good.line) == (2, 3)
    assert isinstance(good, Visit)


@pytest.mark.parametrize("raw", [b"code,target\na,b\n", b"PK\x03\x04", b"just text"])
def test_a_file_of_something_else_is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableFile):
        read(raw)


def test_an_empty_file_has_no_visits() -> None:
    assert read(b"") == []
    assert read(b"[]") == []


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_refused(raw: bytes) -> None:
    header = b"at,code,ip,user_agent,referer,country,bot,id\n"
    for visit in read(header + raw):
        assert isinstance(visit, Visit | BadVisit)


@given(st.text(max_size=60), st.text(max_size=60))
def test_every_text_of_json_is_read_or_refused(agent: str, number: str) -> None:
    row = {"at": 1_709_294_400, "code": "sale", "user_agent": agent, "id": number}
    [visit] = read(json.dumps(row))
    assert isinstance(visit, Visit | BadVisit)
