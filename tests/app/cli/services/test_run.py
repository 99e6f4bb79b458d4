import os
import socket
import sys
from collections.abc import Callable

import pytest

from app.stores.redis.cluster import slot_of
from tests.support.cluster import Cluster

Run = Callable[..., object]
PYTHON = sys.executable


@pytest.fixture(autouse=True)
def free_binds(free_port, monkeypatch) -> None:
    for name in ("HOPLINE_REDIRECT_BIND", "HOPLINE_CONSOLE_BIND"):
        monkeypatch.setenv(name, f"127.0.0.1:{free_port()}")


@pytest.fixture
def became(monkeypatch) -> list[object]:
    """What the command was replaced by."""
    replaced: list[object] = []
    monkeypatch.setattr("os.execv", lambda *arguments: replaced.append(arguments))
    return replaced


@pytest.fixture
def taken_bind():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize(
    ("service", "argv"),
    [
        (
            "redirect",
            ["gunicorn", "-c", "python:app.redirect.gunicorn_conf", "app.redirect.wsgi:get_app()"],
        ),
        (
            "console",
            ["gunicorn", "-c", "python:app.console.gunicorn_conf", "app.console.wsgi:get_app()"],
        ),
        ("workers", ["workers"]),
    ],
)
def test_a_service_takes_the_place_of_the_command(
    hopline: Run, became: list[object], service: str, argv: list[str]
) -> None:
    assert hopline(service).exit_code == 0
    assert became == [(PYTHON, [PYTHON, "-m", *argv])]


@pytest.mark.parametrize("service", ["redirect", "console", "workers"])
def test_a_service_with_a_bad_setting_does_not_start(
    hopline: Run, monkeypatch, service: str
) -> None:
    monkeypatch.setattr("os.execv", lambda *_: pytest.fail("it started"))
    monkeypatch.setenv("HOPLINE_BATCH_SIZE", "0")
    ended = hopline(service)
    assert ended.exit_code == 2
    assert "HOPLINE_BATCH_SIZE='0'" in ended.err


def test_a_redirect_whose_url_names_a_cluster_where_none_is_does_not_start(
    hopline: Run, became: list[object], monkeypatch, redis_url: str
) -> None:
    monkeypatch.setenv("HOPLINE_REDIS_URL", redis_url.replace("redis://", "redis+cluster://")[:-2])
    ended = hopline("redirect")
    assert (ended.exit_code, ended.out, became) == (1, "", [])
    (line,) = ended.err.splitlines()
    assert "is no node of a cluster: write the URL of one server as redis://" in line


def test_a_redirect_whose_url_names_one_server_where_a_cluster_is_does_not_start(
    hopline: Run, became: list[object], monkeypatch, cluster: Cluster
) -> None:
    asked = cluster.nodes[0].view().node_of(slot_of("link:-/ready"))
    node = next(one for one in cluster.nodes if asked and one.port != asked.end[1])
    monkeypatch.setenv("HOPLINE_REDIS_URL", f"redis://127.0.0.1:{node.port}/0")
    ended = hopline("redirect")
    assert (ended.exit_code, ended.out, became) == (1, "", [])
    assert "is a node of a cluster: write its URL as" in ended.err


def test_a_redirect_starts_while_redis_is_away_or_lets_nobody_in(
    hopline: Run, became: list[object], monkeypatch, redis_url: str, free_port
) -> None:
    for url in (f"redis://127.0.0.1:{free_port()}/0", redis_url.replace("//", "//x:wrong@")):
        monkeypatch.setenv("HOPLINE_REDIS_URL", url)
        assert hopline("redirect").exit_code == 0
    assert len(became) == 2


@pytest.mark.parametrize("service", ["redirect", "console"])
def test_a_service_whose_port_is_taken_says_so_in_one_line(
    hopline: Run, became: list[object], monkeypatch, taken_bind: str, service: str
) -> None:
    variable = f"HOPLINE_{service.upper()}_BIND"
    monkeypatch.setenv(variable, taken_bind)
    ended = hopline(service)
    assert (ended.exit_code, ended.out, became) == (1, "", [])
    (line,) = ended.err.splitlines()
    assert line.startswith(f"hopline: can't listen on {taken_bind}: address already in use;")
    assert variable in line


def test_a_socket_of_systemds_is_not_taken_for_somebody_elses(
    hopline: Run, became: list[object], monkeypatch, taken_bind: str
) -> None:
    monkeypatch.setenv("HOPLINE_REDIRECT_BIND", taken_bind)
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    assert hopline("redirect").exit_code == 0
    assert became


def test_what_gunicorn_is_told_about_its_port_is_left_to_it(
    hopline: Run, became: list[object], monkeypatch, taken_bind: str
) -> None:
    monkeypatch.setenv("HOPLINE_REDIRECT_BIND", taken_bind)
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--reuse-port")
    assert hopline("redirect").exit_code == 0
    assert became


@pytest.mark.parametrize("bind", ["fd://3", "unix:{path}", "127.0.0.1:0"])
def test_other_places_than_a_port_are_left_to_gunicorn(
    hopline: Run, became: list[object], monkeypatch, tmp_path, bind: str
) -> None:
    path = tmp_path / "redirect.sock"
    monkeypatch.setenv("HOPLINE_REDIRECT_BIND", bind.format(path=path))
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert hopline("redirect").exit_code == 0
    assert became


@pytest.mark.parametrize("bind", ["0.0.0.0:{port}", "[::]:{port}", "192.0.2.1:{port}"])
def test_a_console_that_everybody_could_read_does_not_start(
    hopline: Run, became: list[object], monkeypatch, free_port, bind: str
) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_BIND", bind.format(port=free_port()))
    for command in ("console", "up"):
        ended = hopline(command)
        assert (ended.exit_code, ended.out, became) == (2, "", [])
        (line,) = ended.err.splitlines()
        assert line.startswith("hopline: HOPLINE_CONSOLE_BIND=")
        assert "run `hopline keys add`, set HOPLINE_CONSOLE_TOKEN" in line


def test_up_says_when_a_key_can_be_added_where_redis_never_ran(
    hopline: Run, monkeypatch, free_port
) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_BIND", f"0.0.0.0:{free_port()}")
    monkeypatch.delenv("HOPLINE_REDIS_URL")
    ended = hopline("up")
    assert (ended.exit_code, ended.out) == (2, "")
    (line,) = ended.err.splitlines()
    assert "run `hopline keys add` while `hopline up` runs with the console at 127.0.0.1" in line
    assert "set HOPLINE_CONSOLE_TOKEN" in line


def test_a_console_with_a_token_may_be_reached_by_others(
    hopline: Run, became: list[object], monkeypatch, free_port
) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_BIND", f"0.0.0.0:{free_port()}")
    monkeypatch.setenv("HOPLINE_CONSOLE_TOKEN", "sixteen-characters-and-more")
    assert hopline("console").exit_code == 0
    assert became


def test_a_console_with_a_key_may_be_reached_by_others(
    hopline: Run, became: list[object], monkeypatch, free_port
) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_BIND", f"0.0.0.0:{free_port()}")
    hopline("keys", "add", "reports", "--scope", "stats:read")
    assert hopline("console").exit_code == 0
    assert became


def test_a_console_may_start_while_redis_cannot_say_whether_there_are_keys(
    hopline: Run, became: list[object], monkeypatch, free_port
) -> None:
    monkeypatch.setenv("HOPLINE_CONSOLE_BIND", f"0.0.0.0:{free_port()}")
    monkeypatch.setenv("HOPLINE_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    assert hopline("console").exit_code == 0
    assert became
