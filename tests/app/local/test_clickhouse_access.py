"""Another user of this machine at the port of the embedded ClickHouse."""

import pytest

from app.local.clickhouse import embedded_program
from app.local.downloads import CLICKHOUSE_LIBRARY, fetch
from app.local.ports import free_port
from app.processes.child import Child
from app.stores.clickhouse.driver import Client, errors

#: SYNTAX_ERROR (cut off), TOO_BIG_AST, QUOTA_EXCEEDED, ACCESS_DENIED.
REFUSALS = {62, 168, 201, 497}
PASSWORD = "5ecret" * 8
#: An empty place in a query: skipped by whoever reads it, and longer than what may be sent.
PADDING = "/*" + "x" * 3000 + "*/"
LIFTED = "SETTINGS max_ast_elements = DEFAULT"


@pytest.fixture(scope="module")
def secret_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("home") / "running.env"
    path.write_text("what only we may read")
    return path


@pytest.fixture(scope="module")
def port(tmp_path_factory, cache_dir):
    folder, port = tmp_path_factory.mktemp("clickhouse"), free_port()
    program = embedded_program(fetch(CLICKHOUSE_LIBRARY, cache_dir), folder, port, PASSWORD)
    child = Child(program, folder / "output.log")
    child.spawn()
    try:
        child.wait_until_ready(30)
        with Client("127.0.0.1", port=port, user="hopline", password=PASSWORD) as ours:
            ours.execute(
                "CREATE TABLE default.clicks (code String) ENGINE = MergeTree ORDER BY code"
            )
            ours.execute("INSERT INTO default.clicks VALUES", [("demo1",)])
        yield port
        child.stop(60)
        assert child.exit_code == 0
    finally:
        child.kill()


@pytest.fixture
def stranger(port):
    with Client("127.0.0.1", port=port, user="default", send_receive_timeout=60) as client:
        yield client


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM default.clicks",
        "SELECT file('{file}')",
        "SELECT file('{file}') {lifted}",
        "SELECT file('{file}') FROM system.one {lifted}",
        "SELECT 1{padding}{lifted}",
        "SELECT 1 {lifted}{padding}",
        "SELECT * FROM file('{file}', 'LineAsString')",
        "WITH file('{file}') AS x SELECT x {lifted}",
        "EXPLAIN SELECT file('{file}') {lifted}",
        "DESCRIBE TABLE file('{file}')",
        "INSERT INTO FUNCTION file('{file}', 'TSV', 'a String') SELECT 'x'",
        "CREATE TEMPORARY TABLE x (a String) ENGINE = File('TSV', '{file}')",
        "SELECT 1",
        "SHOW DATABASES",
        "KILL QUERY WHERE 1",
        "SYSTEM STOP LISTEN TCP",
        "SYSTEM SHUTDOWN",
        "DROP TABLE default.clicks",
        "CREATE USER x",
        "BACKUP ALL TO File('{file}.b')",
        "SET x = 1",
    ],
)
def test_another_user_of_the_machine_may_do_nothing(stranger, secret_file, query):
    asked = query.format(file=secret_file, padding=PADDING, lifted=LIFTED)
    with pytest.raises(errors.Error) as refused:
        stranger.execute(asked)
    assert refused.value.code in REFUSALS


@pytest.mark.parametrize(
    "settings",
    [
        {"max_ast_elements": 50_000},
        {"max_query_size": 1_000_000},
        {"profile": "default"},
        {"readonly": 0, "max_ast_elements": 1000},
        {"compatibility": "20.1", "max_query_size": 0},
    ],
)
def test_no_setting_lifts_the_bounds(stranger, secret_file, settings):
    with pytest.raises(errors.Error):
        stranger.execute(f"SELECT file('{secret_file}')", settings=settings)


def test_who_has_the_password_may_do_everything(port):
    with Client("127.0.0.1", port=port, user="hopline", password=PASSWORD) as ours:
        assert ours.execute("SELECT * FROM default.clicks") == [("demo1",)]
