"""The console's interface under schemathesis: ``python -m tests.fuzz [schemathesis' options]``.

It reads /api/v1/openapi.json and asks a console of its own, with a Redis and a ClickHouse that hold
links and clicks, what the document allows, and what it doesn't. Schemathesis is put into
build/fuzz, apart from what Hopline is tested with.
"""

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.clicks.click import to_fields
from app.config.settings import Settings
from app.config.variables import cache_dir
from app.console.live.resource import PATH as LIVE_PATH
from app.dead_letters.letter import Fault, to_letter
from app.links.store import open_store
from app.schema.migrations import migrate
from app.stores.redis.client import connect
from tests.support.clicks import bot_row, click_row, insert_clicks
from tests.support.producers import make_click
from tests.support.redirect_servers import ConsoleServer
from tests.support.servers import ClickHouseServer, RedisServer

PACKAGE = "schemathesis==4.32.5"
ENVIRONMENT = Path(__file__).parents[2] / "build" / "fuzz"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
HOOKS = Path(__file__).with_name("hooks.py")
TOKEN = "a-token-for-the-time-of-the-run"
#: No request is one too many: that answer says nothing of the others.
_QUOTAS = {f"console_{each}_per_minute": 10_000_000 for each in ("reads", "writes", "reports")}


def main() -> int:
    """Run it, and return schemathesis' exit code."""
    program = _installed()
    with tempfile.TemporaryDirectory() as name, _console(Path(name)) as console:
        document = f"http://127.0.0.1:{console.port}/api/v1/openapi.json"
        command = [program, "--config-file", CONFIGURATION, "run", document]
        command += ["--header", f"Authorization: Bearer {TOKEN}"]
        # An answer that goes on for ever is none that could be waited for.
        command += ["--exclude-path", LIVE_PATH, *sys.argv[1:]]
        environ = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS)}
        return subprocess.run(command, cwd=name, env=environ, check=False).returncode


@contextmanager
def _console(directory: Path) -> Iterator[ConsoleServer]:
    with (
        RedisServer(directory / "redis") as redis,
        ClickHouseServer(directory / "clickhouse", cache_dir()) as clickhouse,
    ):
        settings = Settings(redis_url=redis.url, clickhouse_url=clickhouse.url("hopline"))
        _fill(settings)
        with ConsoleServer(
            directory / "console",
            redis_url=settings.redis_url,
            clickhouse_url=settings.clickhouse_url,
            console_token=TOKEN,
            **_QUOTAS,
        ) as console:
            yield console


def _fill(settings: Settings) -> None:
    """Put links, clicks and dead letters there, of which what is asked may find some."""
    migrate(settings.clickhouse_url, timeout_seconds=60, ttl_days=0)
    links = open_store(settings)
    for number in range(20):
        link = {"target": f"https://example.com/{number}", "tags": "even" if number % 2 else "odd"}
        links.create(link, code=str(number))
    clicks = [click_row(short_code=str(number % 20)) for number in range(200)]
    insert_clicks(settings.clickhouse_url, *clicks, bot_row(short_code="0"))
    flat = [part.encode() for pair in to_fields(make_click()).items() for part in pair]
    with connect(settings.redis_url, timeout_seconds=30) as redis:
        for number in range(1, 50):
            letter = to_letter(b"1-1", flat, Fault("poison", "odd"), "me", number)
            redis.execute_command("XADD", settings.dead_stream, f"{number}-0", *letter)


def _installed() -> Path:
    program = ENVIRONMENT / "bin" / "schemathesis"
    if not program.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        pip = [ENVIRONMENT / "bin" / "pip", "install", "--quiet", PACKAGE]
        subprocess.run(pip, check=True)
    return program


if __name__ == "__main__":
    sys.exit(main())
