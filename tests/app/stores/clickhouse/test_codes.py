"""Our table of error codes beside the server's own, and what the workers make of each code."""

import pytest

from app.stores.clickhouse.codes import TRANSIENT
from app.stores.clickhouse.connection import (
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    translated,
)
from app.stores.clickhouse.driver import errors
from workers.clickhouse.writer import OF_THE_ROWS

URL = "clickhouse://store.example/hopline"
#: Codes of a server that is away, read-only, without the table or the rights: an operator's matter.
OF_OPERATORS = (16, 60, 81, 115, 164, 192, 193, 194, 195, 242, 243, 291, 452, 497, 516, 720, 774)


@pytest.fixture(scope="module")
def known(shared_clickhouse) -> dict[int, str]:
    """The codes of the embedded server by their names."""
    rows = shared_clickhouse.execute(
        "SELECT toInt64(number), errorCodeToName(number) FROM numbers(1100)"
        " WHERE errorCodeToName(number) != ''"
    )
    return dict(rows)


def test_every_code_has_the_name_that_the_server_gives_it(known):
    assert {code: known[code] for code in TRANSIENT} == TRANSIENT


def test_no_state_of_the_server_is_the_fault_of_a_click(known):
    assert not OF_THE_ROWS & TRANSIENT.keys()
    assert not OF_THE_ROWS & set(OF_OPERATORS)


def test_every_code_is_told_apart(known):
    for code in known:
        kind = ClickHouseUnavailable if code in TRANSIENT else ClickHouseRefused
        with pytest.raises(kind) as caught, translated(URL):
            raise errors.ServerException("DB::Exception: No.", code)
        assert caught.value.code == code


SUM = "SELECT sum(number) FROM numbers(100000000)"
CREATE = "CREATE TABLE t (x Int8) ENGINE = Memory"


@pytest.mark.parametrize(
    ("query", "setting", "kind", "code"),
    [
        (SUM, {"max_memory_usage": 1}, ClickHouseUnavailable, 241),
        (SUM, {"max_execution_time": 0.000001}, ClickHouseUnavailable, 159),
        (CREATE, {"readonly": 1}, ClickHouseRefused, 164),
    ],
    ids=["out of memory", "too slow", "read-only"],
)
def test_states_of_a_real_server_are_told_apart(clickhouse_url, query, setting, kind, code):
    with (
        connect(clickhouse_url, timeout_seconds=10) as client,
        pytest.raises(kind) as caught,
        translated(clickhouse_url),
    ):
        client.execute(query, settings=setting)
    assert caught.value.code == code
