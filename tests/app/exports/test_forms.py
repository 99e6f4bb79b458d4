import csv
import io
import json
import struct as packed
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.exports.clicks import COLUMNS, Cursor, cursor_of, month_of, read_cursor
from app.exports.parquet import Parquet
from app.exports.text import csv_form, ndjson_form
from app.exports.thrift import Wide, struct
from app.reports.query import BadQuery
from app.stores.clickhouse.connection import connect
from tests.support.queries import HOSTILE, TEXTS

NAMES = list(COLUMNS)


def row(**values: Any) -> tuple[Any, ...]:
    """Return a row of texts, but for the time and whether it is a bot's."""
    known = dict.fromkeys(NAMES, "x") | {"time": 1_778_414_400_123, "is_bot": False} | values
    return tuple(known[name] for name in NAMES)


@st.composite
def rows(draw: st.DrawFn) -> tuple[Any, ...]:
    times = st.integers(-(2**41), 2**41)
    values = {"time": draw(times), "is_bot": draw(st.booleans())}
    return row(**{name: draw(TEXTS) for name in ("target", "referrer", "user_agent")}, **values)


def test_csv_names_its_columns_and_runs_nothing() -> None:
    hostile = ["=1+1", "+1", "-1", "@SUM(A1)", "'=1", "\uff1d1", "plain"]
    form = csv_form()
    text = form.begin() + form.block([row(user_agent=text, is_bot=True) for text in hostile])
    found = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert list(found[0]) == NAMES
    assert [each["user_agent"] for each in found] == [f"'{text}" for text in hostile[:-1]] + [
        "plain"
    ]
    assert (found[0]["time"], found[0]["is_bot"]) == ("2026-05-10T12:00:00.123Z", "true")


@given(st.lists(rows(), max_size=4))
def test_text_forms_keep_every_value(given_rows: list[tuple[Any, ...]]) -> None:
    lines = ndjson_form().block(given_rows).split(b"\n")
    assert [list(json.loads(line)) for line in lines[:-1]] == [NAMES] * len(given_rows)
    for line, values in zip(lines, given_rows, strict=False):
        assert list(json.loads(line).values())[1:] == list(values)[1:]
    text = csv_form().begin() + csv_form().block(given_rows)
    cells = list(csv.reader(io.StringIO(text.decode(), newline="")))[1:]
    at = NAMES.index("user_agent")
    assert [each[at].removeprefix("'") for each in cells] == [
        each[at].removeprefix("'") for each in given_rows
    ]


def parquet_of(*groups: list[list[tuple[Any, ...]]]) -> bytes:
    form, data = Parquet(), b""
    data += form.begin()
    for blocks in groups:
        for block in blocks:
            data += form.block(block)
        data += form.flush(len(data))
    return data + form.end(len(data))


def read_back(clickhouse_url: str, path: Path) -> list[tuple[Any, ...]]:
    """Return the rows of a file as ClickHouse reads them, times in Unix milliseconds."""
    names = ["toUnixTimestamp64Milli(time)", *NAMES[1:]]
    with connect(clickhouse_url, timeout_seconds=30) as client:
        return list(
            client.execute(
                f"SELECT {', '.join(names)} FROM file({{path:String}}, Parquet)"
                " SETTINGS input_format_parquet_preserve_order = 1, max_threads = 1",
                {"path": str(path)},
            )
        )


def test_clickhouse_reads_parquet_with_every_value(clickhouse_url: str, tmp_path: Path) -> None:
    block = [
        row(time=number * 1000 - 5, is_bot=number % 3 == 0, target=text, user_agent=text * 50)
        for number, text in enumerate(HOSTILE)
    ]
    path = tmp_path / "clicks.parquet"
    path.write_bytes(parquet_of([block, block[:1]], [block[::-1]]))
    assert read_back(clickhouse_url, path) == [*block, block[0], *block[::-1]]


@settings(max_examples=10, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(st.lists(rows(), min_size=1, max_size=20), max_size=3))
def test_what_parquet_is_made_of_comes_back(
    clickhouse_url: str, tmp_path: Path, blocks: list[list[tuple[Any, ...]]]
) -> None:
    path = tmp_path / "clicks.parquet"
    path.write_bytes(parquet_of(*([block] for block in blocks)))
    assert read_back(clickhouse_url, path) == [each for block in blocks for each in block]


def test_parquet_goes_on_from_what_it_remembers(clickhouse_url: str, tmp_path: Path) -> None:
    first = Parquet()
    data = first.begin() + first.block([row(target="a")])
    data += first.flush(len(data))
    later = Parquet()
    later.go_on(json.loads(json.dumps(first.state())))
    later.block([row(target="b")])
    data += later.end(len(data))
    path = tmp_path / "clicks.parquet"
    path.write_bytes(data)
    assert read_back(clickhouse_url, path) == [row(target="a"), row(target="b")]


def test_a_parquet_file_ends_with_the_length_of_its_footer() -> None:
    data = parquet_of([[row()]])
    [length] = packed.unpack("<I", data[-8:-4])
    assert data[:4] == data[-4:] == b"PAR1"
    assert data[-8 - length :].startswith(struct({1: 1})[:-1])


@pytest.mark.parametrize(
    ("fields", "encoded"),
    [
        ({}, "00"),
        ({1: 1, 3: -1}, "150225" + "01" + "00"),
        ({2: Wide(300)}, "26d804" + "00"),
        ({4: b"ab"}, "48" + "026162" + "00"),
        ({1: [1, 2]}, "19" + "25" + "0204" + "00"),
        ({1: list(range(15))}, "19" + "f50f" + "".join(f"{2 * n:02x}" for n in range(15)) + "00"),
        ({5: {1: 0}}, "5c" + "1500" + "00" + "00"),
    ],
)
def test_thrift_is_as_its_specification_says(fields: dict[int, object], encoded: str) -> None:
    assert struct(fields).hex() == encoded


@pytest.mark.parametrize("fields", [{1: 1.5}, {20: 1}])
def test_what_thrift_has_no_form_for_is_a_fault(fields: dict[int, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        struct(fields)


@given(st.integers(0, 10**14), st.binary(min_size=16, max_size=16), TEXTS)
def test_a_place_is_read_back(time_ms: int, click_id: bytes, code: str) -> None:
    cursor = Cursor(time_ms, click_id.hex(), code)
    assert read_cursor(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["", "abc", "1-2-3", f"-1-{'0' * 32}-a", f"1-{'0' * 32}"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(BadQuery) as raised:
        read_cursor(text)
    assert raised.value.field == "after"


def test_a_row_has_a_place() -> None:
    cursor = cursor_of(row(click_id="00" * 16, short_code="abc"))
    assert cursor == Cursor(1_778_414_400_123, "00" * 16, "abc")
    assert month_of(cursor) == 202605
