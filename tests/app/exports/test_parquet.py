import json
import struct as packed
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.exports.parquet import Parquet
from app.exports.thrift import struct
from app.stores.clickhouse.connection import connect
from tests.support.exported import NAMES, row, rows
from tests.support.queries import HOSTILE


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
