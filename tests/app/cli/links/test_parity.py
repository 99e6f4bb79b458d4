import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.clicks import bot_row, click_row, insert_clicks

Run = Callable[..., Any]
TARGET = "https://example.com/"


@pytest.fixture
def url(migrated_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("HOPLINE_CLICKHOUSE_URL", migrated_url)
    return migrated_url


@pytest.fixture
def export(hopline: Run, url: str, tmp_path: Path) -> Path:
    """Four links of another program, of which two are here and one leads elsewhere."""
    for code, target in (("abc", TARGET), ("quiet", TARGET), ("moved", "https://example.org/")):
        assert hopline("links", "add", target, "--code", code).exit_code == 0
    insert_clicks(url, click_row(), click_row(), bot_row(short_code="abc"))
    path = tmp_path / "shlink.csv"
    rows = (("abc", 3), ("quiet", 9), ("moved", 1), ("gone", 4))
    lines = [f"{code},{TARGET},{visits}" for code, visits in rows]
    path.write_text("\n".join(["shortCode,longUrl,visits", *lines, f",{TARGET},5", "x,y"]))
    return path


def test_both_counts_of_each_link_are_told_with_what_explains_them(
    hopline: Run, export: Path
) -> None:
    ended = hopline("links", "parity", str(export))
    assert ended.exit_code == 0, ended.err
    assert [line.split("\t") for line in ended.out.splitlines()[1:]] == [
        ["quiet", "9", "0", "0", "0", "-9", "more there"],
        ["gone", "4", "0", "0", "0", "-4", "no link here"],
        ["abc", "3", "0", "2", "3", "-1", "all clicks"],
        ["moved", "1", "0", "0", "0", "-1", "leads elsewhere"],
        ["all", "17", "0", "2", "3", "-15", ""],
    ]
    assert "line 6: it has no code" in ended.err
    assert "line 7: it has no count of clicks in plain digits" in ended.err


def test_json_has_all_links_and_a_table_the_first(hopline: Run, export: Path) -> None:
    found = json.loads(hopline("links", "parity", str(export), "--json").out)
    assert found[2] == {
        "code": "abc",
        "theirs": 3,
        "humans": 2,
        "clicks": 3,
        "finding": "all clicks",
        "before": 0,
        "difference": -1,
    }
    ended = hopline("links", "parity", str(export), "--top", "1")
    assert len(ended.out.splitlines()) == 3
    assert "3 links that differ less are not shown" in ended.err


def test_more_links_than_one_query_can_name_are_compared(
    hopline: Run, url: str, tmp_path: Path
) -> None:
    insert_clicks(url, click_row(short_code="n2500"))
    path = tmp_path / "many.csv"
    path.write_text("url,keyword,clicks\n" + "".join(f"{TARGET},n{n},1\n" for n in range(2501)))
    found = json.loads(hopline("links", "parity", str(path), "--json").out)
    assert len(found) == 2501
    assert [one["code"] for one in found if one["humans"]] == ["n2500"]


def test_a_file_without_counts_says_how_to_name_them(
    hopline: Run, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "old.csv"
    path.write_text(f"url,keyword,Aufrufe\n{TARGET},abc,5\n")
    ended = hopline("links", "parity", str(path))
    assert (ended.exit_code, "--column clicks=" in ended.err) == (1, True)
    assert hopline("links", "parity", str(path), "--column", "clicks=Aufrufe").exit_code == 0


def test_counts_are_read_as_spreadsheets_write_them(hopline: Run, url: str, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    counts = ("7.0", "1 234", "1E+03", "0", '"1,234"', "-3", "many")
    rows = "".join(f"{TARGET},n{number},{count}\n" for number, count in enumerate(counts))
    path.write_text(f"url,keyword,clicks\n{rows}{TARGET},,0\n")
    ended = hopline("links", "parity", str(path), "--json")
    found = {one["code"]: one["theirs"] for one in json.loads(ended.out)}
    assert found == {"n0": 7, "n1": 1234, "n2": 1000, "n3": 0}
    lines = [line for line in ended.err.splitlines() if "plain digits" in line]
    assert [line.split("line ")[1][0] for line in lines] == ["6", "7", "8"]
    assert "line 9: it has no code" in ended.err


def test_what_came_with_the_links_is_taken_as_a_total(
    hopline: Run, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "bitly.csv"
    header = "Long URL,Bitlink,Total Clicks\n"
    path.write_text(f"{header}{TARGET},bit.ly/abc,40\n{TARGET},bit.ly/def,10\n")
    assert hopline("links", "import", str(path)).exit_code == 0
    now = datetime.now(UTC) + timedelta(minutes=1)
    insert_clicks(url, *(click_row(now) for _ in range(5)), bot_row(time=now, short_code="abc"))
    path.write_text(f"{header}{TARGET},bit.ly/abc,45\n{TARGET},bit.ly/def,10\n")
    found = json.loads(hopline("links", "parity", str(path), "--json").out)
    assert {one.pop("code"): one for one in found} == {
        "abc": {
            "theirs": 45,
            "humans": 5,
            "clicks": 6,
            "finding": "people",
            "before": 40,
            "difference": 0,
        },
        "def": {
            "theirs": 10,
            "humans": 0,
            "clicks": 0,
            "finding": "people",
            "before": 10,
            "difference": 0,
        },
    }


def test_what_came_one_by_one_is_no_total(hopline: Run, url: str, tmp_path: Path) -> None:
    path = tmp_path / "yourls_url.csv"
    path.write_text(f"keyword,url,clicks\nabc,{TARGET},7\n")
    assert hopline("links", "import", str(path)).exit_code == 0
    # As `hopline visits import` brings them: six of the seven are in their log.
    insert_clicks(url, *(click_row() for _ in range(6)))
    path.write_text(f"keyword,url,clicks\nabc,{TARGET},7\n")
    [found] = json.loads(hopline("links", "parity", str(path), "--json").out)
    assert (found["before"], found["clicks"], found["difference"]) == (1, 6, 0)


def test_a_dry_run_and_refused_rows_leave_no_counts(hopline: Run, url: str, tmp_path: Path) -> None:
    assert hopline("links", "add", "https://example.org/", "--code", "abc").exit_code == 0
    path = tmp_path / "old.csv"
    path.write_text(f"keyword,url,clicks\nabc,{TARGET},7\ndef,{TARGET},8\n")
    hopline("links", "import", str(path), "--dry-run")
    assert hopline("links", "add", TARGET, "--code", "def").exit_code == 0
    found = json.loads(hopline("links", "parity", str(path), "--json").out)
    assert [one["before"] for one in found] == [0, 0]
    hopline("links", "import", str(path))
    found = json.loads(hopline("links", "parity", str(path), "--json").out)
    assert {one["code"]: one["before"] for one in found} == {"abc": 0, "def": 8}
