import ssl

import pytest

from app.stores.clickhouse.connection import (
    ClickHouseRefused,
    ClickHouseUnavailable,
    connect,
    database_name,
    require_version,
    summary,
    translated,
)
from app.stores.clickhouse.driver import errors

URL = "clickhouse://user:secret@store.example:9000/hopline"


def fail(error: Exception) -> None:
    with translated(URL):
        raise error


class ServerOfVersion:
    """Answers as a server of a given version does."""

    def __init__(self, version: str) -> None:
        self.version = version

    def execute(self, query: str) -> list[tuple[str]]:
        assert query == "SELECT version()"
        return [(self.version,)]


@pytest.mark.parametrize("version", ["18.16.1", "23.8.16.40", "24.7.6.8"])
def test_too_old_a_server_is_refused_by_its_version(version: str) -> None:
    with pytest.raises(ClickHouseRefused, match=f"ClickHouse {version} is too old: .* 24.8"):
        require_version(ServerOfVersion(version))


@pytest.mark.parametrize("version", ["24.8.4.13", "25.3.2.39.altinitystable", "26.7.2.1"])
def test_a_new_enough_server_is_served(version: str) -> None:
    assert require_version(ServerOfVersion(version)) == version


def test_the_real_server_is_new_enough(clickhouse_url: str) -> None:
    with connect(clickhouse_url, timeout_seconds=5) as client:
        assert require_version(client).startswith("26.")


def test_a_url_names_user_password_database_and_tls() -> None:
    client = connect("clickhouses://ann:p%40ss@store.example:9441/clicks", timeout_seconds=3)
    connection = client.connection
    assert connection.hosts[0] == ("store.example", 9441)
    assert (connection.user, connection.password) == ("ann", "p@ss")
    assert connection.database == "clicks"
    assert connection.secure_socket
    assert connection.verify_cert
    assert (connection.connect_timeout, connection.send_receive_timeout) == (3, 3)


def test_a_short_url_means_the_usual_port_and_database() -> None:
    client = connect("clickhouse://", timeout_seconds=60)
    assert client.connection.hosts[0] == ("127.0.0.1", 9000)
    assert client.connection.connect_timeout == 5
    assert database_name("clickhouse://127.0.0.1") == client.connection.database == "default"
    assert database_name(URL) == "hopline"


def test_parameters_go_in_as_data(clickhouse_url: str) -> None:
    text = "a'b\\c\n\t{x:String}%(y)s\x00é"
    with connect(clickhouse_url, timeout_seconds=5) as client:
        assert client.execute("SELECT {text:String}", {"text": text}) == [(text,)]


def test_settings_hold_for_every_query(clickhouse_url: str) -> None:
    with connect(clickhouse_url, timeout_seconds=5, settings={"max_execution_time": 7}) as client:
        assert client.execute("SELECT getSetting('max_execution_time')") == [(7,)]


@pytest.mark.parametrize("code", [159, 198, 202, 204, 218, 241, 242, 243, 252, 279, 319, 733, 1001])
def test_states_that_pass_may_be_tried_again(code: int) -> None:
    with pytest.raises(ClickHouseUnavailable) as caught, translated(URL):
        raise errors.ServerException("DB::Exception: Wait.", code)
    assert caught.value.code == code


@pytest.mark.parametrize("code", [60, 62, 81, 164, 192, 193, 497, 516])
def test_refusals_are_told_from_states_that_pass(code: int) -> None:
    with pytest.raises(ClickHouseRefused) as caught, translated(URL):
        raise errors.ServerException("DB::Exception: No.", code)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "error",
    [
        errors.NetworkError("Connection refused (store.example:9000)"),
        errors.SocketTimeoutError("timed out"),
        errors.UnexpectedPacketFromServerError("odd"),
        errors.ChecksumDoesntMatchError("odd"),
        ConnectionResetError("reset by peer"),
        TimeoutError("timed out"),
        EOFError("Unexpected EOF while reading bytes"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_broken_connection_may_be_tried_again(error: Exception) -> None:
    with pytest.raises(ClickHouseUnavailable, match=r"at store\.example:9000 is away") as caught:
        fail(error)
    assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (errors.NetworkError("Connection refused (h:9000)"), "Connection refused"),
        (errors.SocketTimeoutError("(h:9000)"), "it gave no answer in time"),
        (EOFError("Unexpected EOF while reading bytes"), "it closed the connection"),
    ],
    ids=["refused", "timed out", "closed"],
)
def test_the_reason_is_said_once_and_without_the_drivers_words(
    error: Exception, reason: str
) -> None:
    with pytest.raises(ClickHouseUnavailable) as caught:
        fail(error)
    assert str(caught.value) == f"ClickHouse at store.example:9000 is away: {reason}"


def test_a_certificate_that_is_not_trusted_is_a_refusal() -> None:
    with pytest.raises(ClickHouseRefused, match="self-signed"), translated(URL):
        raise ssl.SSLCertVerificationError("self-signed certificate")


@pytest.mark.parametrize(
    "error", [errors.TypeMismatchError("data"), errors.PartiallyConsumedQueryError()]
)
def test_faults_of_the_caller_are_not_blamed_on_the_server(error: Exception) -> None:
    with pytest.raises(type(error)), translated(URL):
        raise error


def test_no_text_shows_the_password() -> None:
    with pytest.raises(ClickHouseUnavailable) as caught, translated(URL):
        raise EOFError
    assert "secret" not in str(caught.value)
    assert str(caught.value).endswith("it closed the connection")


def test_a_summary_is_one_line_without_the_stack_trace() -> None:
    text = "DB::Exception: Table x\ndoes not exist. Stack trace:\n\n0. ./build/a.cpp"
    assert summary(text) == "Table x does not exist."
