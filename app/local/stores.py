"""Choice that gives `hopline up` its stores: the operator's, or ones that it runs itself."""

import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.config.settings import Settings
from app.local.clickhouse import (
    binary_version,
    clickhouse_url,
    embedded_program,
    server_program,
)
from app.local.data_dir import DataDir
from app.local.memory import memory_bytes, valkey_maxmemory
from app.local.ports import free_port
from app.local.process_group import Say
from app.local.valkey import valkey_binary, valkey_program, valkey_url
from app.processes.child import Program
from app.stores.clickhouse import connection as clickhouse
from app.stores.redis.client import connect, require_version
from app.stores.redis.errors import translated


@dataclass(frozen=True, slots=True)
class Store:
    """Where a store answers, and the program that is it unless it is the operator's."""

    url: str
    program: Program | None = None


def redis_store(settings: Settings, data: DataDir) -> Store:
    """Return the operator's Redis, if HOPLINE_REDIS_URL is set, or an embedded Valkey.

    Raises:
        RedisUnavailable, RedisRefused: the operator's doesn't answer, or is too old.
    """
    if "redis_url" in settings.model_fields_set:
        url = settings.redis_url
        with (
            translated(url),
            connect(url, timeout_seconds=settings.redis_timeout_seconds) as client,
        ):
            require_version(client, url)
        return Store(url)
    port, password = free_port(), _new_password()
    maxmemory = valkey_maxmemory(memory_bytes())
    program = valkey_program(valkey_binary(), data.valkey, port, maxmemory, password)
    return Store(valkey_url(port, password), program)


def clickhouse_store(
    settings: Settings, data: DataDir, fetch_library: Callable[[], Path], say: Say
) -> Store:
    """Return the operator's server, their `clickhouse` binary, or the embedded ClickHouse.

    Args:
        fetch_library: returns the embedded server's library; called only when it is needed.

    Raises:
        ClickHouseUnavailable, ClickHouseRefused: the operator's doesn't answer, or is too old.
        DownloadFailed: the library can't be had.
    """
    if "clickhouse_url" in settings.model_fields_set:
        _require_operators_clickhouse(settings)
        return Store(settings.clickhouse_url)
    port, password = free_port(), _new_password()
    binary = _usable_binary(data, say)
    if binary:
        program = server_program(binary, data.clickhouse_server, port, password)
    else:
        program = embedded_program(fetch_library(), data.clickhouse, port, password)
    return Store(clickhouse_url(port, password=password), program)


def _new_password() -> str:
    """Return a password for one run, of characters that need no escape in a URL or a file."""
    return secrets.token_hex(32)


def _require_operators_clickhouse(settings: Settings) -> None:
    url = settings.clickhouse_url
    with (
        clickhouse.translated(url),
        clickhouse.connect(
            url,
            timeout_seconds=settings.clickhouse_timeout_seconds,
            database=clickhouse.FIRST_DATABASE,
        ) as client,
    ):
        clickhouse.require_version(client)


def _usable_binary(data: DataDir, say: Say) -> Path | None:
    """Return the `clickhouse` on PATH, unless it is too old or the data are another program's."""
    found = shutil.which("clickhouse")
    if found is None:
        return None
    version = binary_version(Path(found))
    if version is None or version < clickhouse.MIN_VERSION:
        shown = "of unknown version" if version is None else f"{version[0]}.{version[1]}"
        say(f"{found} is ClickHouse {shown}; 24.8 or newer is needed, so the embedded one runs")
        return None
    if data.clickhouse.exists():
        say(f"{data.clickhouse} was written by the embedded ClickHouse, which stays in use")
        return None
    return Path(found)
