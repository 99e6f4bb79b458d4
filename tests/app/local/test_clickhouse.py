import errno
import os
import socket
import struct
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from app.local import clickhouse_host
from app.local.clickhouse import (
    binary_version,
    embedded_program,
    memory_limit_bytes,
    server_program,
)
from app.stores.clickhouse.driver import Client


def make_executable(path, script):
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def config_of(directory):
    return ET.parse(directory / "config.xml").getroot()


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("ClickHouse server version 24.8.4.13 (official build).", (24, 8)),
        ("ClickHouse server version 18.16.1.", (18, 16)),
        ("ClickHouse local version 26.7.3.1.", (26, 7)),
        ("no such command", None),
    ],
)
def test_a_binary_says_its_version(tmp_path, said, version):
    binary = make_executable(tmp_path / "clickhouse", f'[ "$1" = server ] && echo "{said}"')
    assert binary_version(binary) == version


def test_a_binary_that_does_not_run_has_no_version(tmp_path):
    path = tmp_path / "clickhouse"
    path.write_text("no program")
    path.chmod(0o755)
    assert binary_version(path) is None


def test_the_operators_binary_runs_with_a_configuration_of_its_own(tmp_path):
    directory = tmp_path / "a & b"
    program = server_program(Path("/usr/bin/clickhouse"), directory, 9123, "secret")
    assert program.argv == (
        "/usr/bin/clickhouse",
        "server",
        f"--config-file={directory}/config.xml",
    )
    assert not program.stops_on_eof
    config = config_of(directory)
    assert config.findtext("tcp_port") == "9123"
    assert config.findtext("listen_host") == "127.0.0.1"
    assert config.findtext("path") == f"{directory}/store/"
    assert config.findtext("user_directories/users_xml/path") == f"{directory}/config.xml"
    assert config.findtext("users/hopline/networks/ip") == "127.0.0.1"
    assert config.find("users/default") is None
    assert config.find("profiles/default") is not None
    assert config.find("quotas/default") is not None


@pytest.mark.parametrize("table", ["query_log", "part_log", "trace_log", "metric_log"])
def test_no_log_table_grows_beside_the_clicks(tmp_path, table):
    server_program(Path("/usr/bin/clickhouse"), tmp_path, 9123, "secret")
    assert config_of(tmp_path).find(table) is None


def test_the_log_is_bounded(tmp_path):
    embedded_program(Path("/cache/libchdb.so"), tmp_path, 9123)
    logger = config_of(tmp_path).find("logger")
    assert logger.findtext("size") == "10M"
    assert logger.findtext("count") == "3"
    assert logger.findtext("log") == f"{tmp_path}/server.log"


@pytest.mark.parametrize(
    ("total_mib", "limit_mib"),
    [(512, 384), (768, 576), (1024, 768), (2048, 1024), (4096, 2048), (65536, 32768)],
    ids="{} MiB".format,
)
def test_part_of_the_memory_is_left_to_the_others(total_mib, limit_mib):
    assert memory_limit_bytes(total_mib << 20) == limit_mib << 20


def test_the_embedded_server_stops_cleanly_when_its_input_ends(clickhouse_server):
    server = clickhouse_server()
    server.stop()
    assert server.exit_code == 0


def test_a_machine_without_terminals_is_told_what_to_mount(monkeypatch):
    def refuse():
        raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))

    monkeypatch.setattr("app.local.clickhouse_host.os.openpty", refuse)
    said = clickhouse_host.run("/cache/libchdb.so", [])
    assert said == "there is no terminal to be had: No such device: /dev/pts has to be mounted"


def test_the_memory_limit_reaches_the_server(shared_clickhouse):
    (row,) = shared_clickhouse.execute(
        "SELECT toUInt64(value) FROM system.server_settings WHERE name = 'max_server_memory_usage'"
    )
    assert row[0] >= 1 << 30


def hang_up(client):
    """Hang up as the kernel does for a killed process that has not read all it was sent (RST)."""
    at_once = struct.pack("ii", 1, 0)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    client.close()


@pytest.mark.parametrize("said", [b"", b"\0", b"\0\x05cli", b"GET / HTTP/1.1\r\n\r\n"])
@pytest.mark.parametrize("leave", [socket.socket.close, hang_up])
def test_the_embedded_server_outlives_who_hangs_up_before_a_greeting(
    shared_clickhouse, said, leave
):
    pid = shared_clickhouse.pid
    client = socket.create_connection(("127.0.0.1", shared_clickhouse.port))
    client.sendall(said)
    leave(client)
    assert_still_answers(shared_clickhouse, pid)


@pytest.mark.parametrize(
    "query", ["SELECT 1", "SELECT number FROM numbers(100000000)"], ids=["idle", "mid-result"]
)
def test_the_embedded_server_outlives_who_is_killed(shared_clickhouse, query):
    pid = shared_clickhouse.pid
    client = Client("127.0.0.1", port=shared_clickhouse.port)
    next(client.execute_iter(query))
    hang_up(client.connection.socket)
    assert_still_answers(shared_clickhouse, pid)


def assert_still_answers(server, pid):
    for _ in range(10):
        time.sleep(0.02)
        assert server.execute("SELECT 1") == [(1,)]
    assert server.pid == pid
