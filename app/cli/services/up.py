"""Command that runs everything on this machine, in one terminal: `hopline up`."""

import shlex
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.cli.services.download_progress import fetch_shown
from app.config.loading import load_environment
from app.config.settings import Settings
from app.config.variables import variable
from app.keys.store import may_have_keys
from app.local import ports
from app.local.data_dir import DataDir, DataDirRefused
from app.local.demo_links import LINKS
from app.local.downloads import CLICKHOUSE_LIBRARY, COUNTRY_DATABASE, Download, DownloadFailed
from app.local.memory import memory_bytes, memory_warning
from app.local.process_group import ProcessGroup, Say
from app.local.stack import BINDS, DoorOpen, LocalStack, StopRequests, require_door
from app.local.stores import clickhouse_store, redis_store
from app.local.valkey import ValkeyMissing
from app.processes.child import ChildFailed, adopt_orphans
from app.processes.private_files import keep_to_ourselves
from app.stores.clickhouse.connection import ClickHouseError
from app.stores.redis.errors import RedisError
from app.terminal.announcer import Announcer
from app.terminal.output import Failure

#: Refusals that a person can mend; anything else is a fault of ours and shows its traceback.
_REFUSALS = (
    ports.BindRefused,
    DataDirRefused,
    DownloadFailed,
    ChildFailed,
    ValkeyMissing,
    RedisError,
    ClickHouseError,
)
_DEMO_PROXIES = "127.0.0.1/32,::1/128"


def up(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder that keeps links, clicks and logs.")
    ] = None,
    consumers: Annotated[
        int | None, typer.Option("--consumers", min=1, help="Consumer processes.")
    ] = None,
    demo: Annotated[
        bool,
        typer.Option("--demo", help="Also make links, two months of clicks, and more of them."),
    ] = False,
) -> None:
    """Run Redis, ClickHouse, redirect, console and workers on this machine; Ctrl-C stops them."""
    terminal = Console(highlight=False)
    given = {"data_dir": data and data.resolve(), "consumers": consumers}
    settings = load_environment(**{name: value for name, value in given.items() if value})
    try:
        # Nobody has to wait for a Redis that never ran to hear that it has no keys.
        if "redis_url" in settings.model_fields_set:
            require_door(settings, partial(may_have_keys, settings), when="")
        elif not DataDir(settings.data_dir).valkey.exists():
            require_door(settings, lambda: False)
        _run(settings, terminal, demo=demo)
    except DoorOpen as error:
        raise Failure(str(error), exit_code=2) from error
    except _REFUSALS as error:
        raise Failure(str(error)) from error


def _run(settings: Settings, terminal: Console, *, demo: bool) -> None:
    started = time.monotonic()
    keep_to_ourselves()
    data = DataDir(settings.data_dir)
    with (
        StopRequests() as stop,
        Announcer() as announcer,
        data.held(announcer.say, lambda: stop.count > 0) as lock,
    ):
        say: Say = announcer.say
        ports.require_free((variable(name), getattr(settings, name)) for name in BINDS)
        if warning := memory_warning(memory_bytes()):
            say(warning)

        def fetch(download: Download) -> Path:
            return fetch_shown(download, settings.cache_dir, terminal, lambda: stop.count > 0)

        # ClickHouse first: without a network that ends it, and nobody has to wait for countries.
        stores = [
            redis_store(settings, data),
            clickhouse_store(settings, data, lambda: fetch(CLICKHOUSE_LIBRARY), say),
        ]
        geoip_path = _geoip_path(settings, fetch, say)
        urls = dict(zip(("redis_url", "clickhouse_url"), (one.url for one in stores), strict=True))
        settings = settings.model_copy(update=urls)
        overrides = _overrides(settings, geoip_path, demo=demo)
        adopt_orphans()
        group = ProcessGroup(say, (lock,))
        stack = LocalStack(settings, overrides, data, group, lambda: stop.count, say)
        try:
            if stack.start(stores, demo=demo):
                _announce(settings, say, time.monotonic() - started, demo=demo)
                stack.watch()
        finally:
            _stop(stack, say)


def _stop(stack: LocalStack, say: Say) -> None:
    say("stopping")
    killed = stack.stop()
    say(f"stopped; {', '.join(killed)} had to be killed" if killed else "stopped")


def _overrides(settings: Settings, geoip_path: Sequence[Path], *, demo: bool) -> dict[str, str]:
    overrides = {
        "redis_url": settings.redis_url,
        "clickhouse_url": settings.clickhouse_url,
        "data_dir": str(settings.data_dir),
        "consumers": str(settings.consumers),
    }
    if geoip_path:
        overrides["geoip_path"] = ",".join(map(str, geoip_path))
    if demo:
        overrides["trusted_proxies"] = ",".join((*settings.trusted_proxies, _DEMO_PROXIES))
        overrides["client_address_header"] = "X-Forwarded-For"
    return overrides


def _geoip_path(settings: Settings, fetch: Callable[[Download], Path], say: Say) -> Sequence[Path]:
    """Return the databases of places; a click without a country is worth more than no clicks."""
    if settings.geoip_path:
        return settings.geoip_path
    try:
        return (fetch(COUNTRY_DATABASE),)
    except DownloadFailed as error:
        say(f"countries will be unknown: {error}")
        return ()


def _announce(settings: Settings, say: Say, seconds: float, *, demo: bool) -> None:
    console = ports.http_url(settings.console_bind)
    base = settings.link_base
    say(f"Hopline is ready ({seconds:.1f} s): links at {base}, console at {console}")
    say(f"Try in another terminal{_data_hint(settings)}:")
    command = "hopline" if shutil.which("hopline") else sys.argv[0]
    for line in _demo_hints(command) if demo else _hints(command, base):
        say(f"  {line}")
    say(f"Links and clicks are kept in {settings.data_dir}; Ctrl-C stops everything.")


def _hints(command: str, base: str) -> tuple[str, ...]:
    return (
        f"{command} links add https://example.com/ --code hello",
        f"curl -i {base}/hello",
        f"{command} stats hello",
    )


def _demo_hints(command: str) -> tuple[str, ...]:
    return (f"{command} links list", f"{command} stats {LINKS[0].code}", f"{command} tail")


def _data_hint(settings: Settings) -> str:
    if settings.data_dir == load_environment().data_dir:
        return ""
    return f", after `export {variable('data_dir')}={shlex.quote(str(settings.data_dir))}`"
