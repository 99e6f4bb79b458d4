"""Command that tells all that is known of one click: `hopline explain`."""

import time
from contextlib import closing
from typing import Annotated

import typer

from app.config.loading import load
from app.config.settings import Settings
from app.config.shards import shards_of
from app.dead_letters.shards import open_all_dead_letters
from app.processes.private_files import keep_to_ourselves
from app.stores.redis.calls import caller
from app.stores.redis.client import connect
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json
from app.times import rfc3339
from app.verdicts.modes import read_modes
from workers.enrich.places.database import BadPlaceDatabase
from workers.enrich.salts import SALT_BYTES
from workers.explain.account import make_account
from workers.explain.asked import Asked, read_asked, time_of
from workers.explain.text import print_account, to_json
from workers.explain.traces import Tracer, Traces
from workers.replay.enrichers import make_enrichers
from workers.replay.stored_clicks import StoredClicks

_DAY_MS = 86_400_000


def explain(
    click_id: Annotated[
        str,
        typer.Argument(
            help="The click's id in 32 hexadecimal digits, with dashes or without; its id in the"
            " stream; that of its dead letter; or an export's cursor.",
            show_default=False,
        ),
    ],
    *,
    json: AsJson = False,
) -> None:
    """Tell what came in of one click, what each rule says of it, and what was forgotten.

    The entry is told as it came in while the stream, a dead letter or this host's spool has it;
    later the row is all that is left. Steps and rules are asked as a replay would ask them, beside
    what is stored. Nothing is changed.

    \b
    hopline explain 01981f4e5a3c7b1e9d2f00aa11bb22cc
    hopline explain 1790000000000-0 --json
    """
    keep_to_ourselves()
    settings = load()
    try:
        asked = read_asked(click_id)
    except ValueError as error:
        raise Failure(str(error), exit_code=2) from None
    now_ms = time.time_ns() // 1_000_000
    traces = _trace(settings, asked)
    if not traces.is_found and not traces.store_fault:
        raise Failure(not_found(click_id, asked, traces, settings.click_ttl_days, now_ms))
    try:
        today = make_enrichers(settings, lambda _: bytes(SALT_BYTES))
    except BadPlaceDatabase as error:
        raise Failure(str(error)) from None
    account = make_account(traces, today, read_modes(settings.rules), now_ms)
    if json:
        print_json(to_json(account, traces, now_ms))
    else:
        print_account(account, now_ms)
    if traces.store_fault:
        complain(f"what is stored can't be told: {traces.store_fault}")
        raise typer.Exit(1)


def _trace(settings: Settings, asked: Asked) -> Traces:
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    stored = StoredClicks(settings.clickhouse_server, settings.clickhouse_timeout_seconds)
    with connect(url, timeout_seconds=timeout_seconds) as client, closing(stored):
        tracer = Tracer(
            caller(client, url, timeout_seconds),
            [(shard.stream, shard.group) for shard in shards_of(settings)],
            open_all_dead_letters(settings),
            settings.spool_directory,
            stored,
        )
        return tracer.find(asked)


def not_found(text: str, asked: Asked, traces: Traces, ttl_days: int, now_ms: int) -> str:
    """Return why nothing is known of a click, as far as that can be told."""
    if asked.entry_id:
        return f"there is neither an entry nor a dead letter {text}: its click's own id may find it"
    searched = "" if traces.is_search_whole else ", and more were not looked at"
    where = (
        f"nothing is left of click {text}: no row, no dead letter, nothing in this host's spool,"
        f" and it is not among {traces.looked_at:,} entries of the stream{searched}"
    )
    time_ms = time_of(asked.click_id)
    if time_ms is None:
        return where
    if ttl_days and time_ms < now_ms - ttl_days * _DAY_MS:
        return f"{where}; it is of {rfc3339(time_ms)}, and clicks are kept for {ttl_days} days"
    return f"{where}; it would be of {rfc3339(time_ms)}, and may have been erased"
