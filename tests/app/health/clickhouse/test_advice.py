from collections import Counter

import pytest

from app.health.clickhouse.advice import _ADVICE, advice
from app.stores.clickhouse.codes import TRANSIENT
from app.stores.clickhouse.connection import ClickHouseError, connect, translated
from app.stores.clickhouse.driver import errors
from app.stores.clickhouse.replicas import ReplicaBehind

URL = "clickhouse://h/hopline"


def advised(error: Exception) -> str:
    with pytest.raises(ClickHouseError) as caught, translated(URL):
        raise error
    return advice(caught.value)


@pytest.mark.parametrize("code", TRANSIENT, ids=TRANSIENT.get)
def test_every_state_that_passes_has_advice_of_its_own(code: int) -> None:
    assert "see ClickHouse's log" != advised(errors.ServerException("No.", code)) != ""


def test_no_code_has_two_kinds_of_advice() -> None:
    counted = Counter(code for codes in _ADVICE.values() for code in codes)
    assert counted.most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (243, "disk"),
        (76, "disk"),
        (204, "disk"),
        (241, "memory"),
        (252, "too much to do"),
        (202, "too much to do"),
        (159, "ask for a shorter time"),
        (242, "replicas or Keeper"),
        (225, "replicas or Keeper"),
        (999, "replicas or Keeper"),
        (236, "wait"),
        (164, "grant it"),
        (497, "grant it"),
        (516, "user and password"),
        (192, "user and password"),
        (195, "let this machine in"),
        (60, "ATTACH TABLE"),
        (81, "ATTACH TABLE"),
        (16, "somebody changed the table"),
        (47, "somebody changed the table"),
        (53, "somebody changed the table"),
        (115, "24.8"),
        (101, "native protocol"),
        (9_999, "log"),
    ],
)
def test_a_code_has_the_advice_of_its_kind(code: int, words: str) -> None:
    assert words in advised(errors.ServerException("No.", code))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.NetworkError("Connection refused (h:9000)"), ""),
        (errors.NetworkError("Name or service not known (h:9000)"), "a name that leads"),
        (errors.NetworkError("Temporary failure in name resolution (h:9000)"), "looked up"),
        (errors.NetworkError("No route to host (h:9000)"), "network"),
        (errors.NetworkError("Network is unreachable (h:9000)"), "network"),
        (errors.SocketTimeoutError("(h:9000)"), "busy"),
        (errors.NetworkError("timed out (h:9000)"), "busy"),
        (ReplicaBehind("it can't be told yet what is stored"), "caught up"),
        (errors.UnexpectedPacketFromServerError("Unexpected packet from server h:8123"), "port"),
        (EOFError("Unexpected EOF while reading bytes"), "port"),
        (OSError("[SSL: WRONG_VERSION_NUMBER] wrong version number"), "clickhouses://"),
    ],
    ids=str,
)
def test_every_way_not_to_reach_clickhouse_has_its_own_advice(error, words: str) -> None:
    found = advised(error)
    assert words in found
    assert bool(found) is bool(words)


def refusal(url: str, statement: str) -> str:
    with (
        pytest.raises(ClickHouseError) as caught,
        translated(url),
        connect(url, timeout_seconds=30) as client,
    ):
        client.execute(statement)
    return advice(caught.value)


def test_what_a_real_server_says(clickhouse_url: str) -> None:
    assert "ATTACH TABLE" in refusal(clickhouse_url, "SELECT count() FROM clicks")
    assert "grant it" in refusal(f"{clickhouse_url}?readonly=1", "CREATE TABLE a (b Int8)")
    assert "somebody changed" in refusal(clickhouse_url, "SELECT no_such_column FROM system.one")
    assert "memory" in refusal(
        f"{clickhouse_url}?max_memory_usage=1", "SELECT groupArray(number) FROM numbers(1000000)"
    )
