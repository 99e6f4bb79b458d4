"""Command that tells all that is known of one click: `hopline explain`."""

import time
from typing import Annotated

import typer

from app.clicks.click import InvalidClick, decode
from app.config.loading import load
from app.explain.account import Today, make_account, newest
from app.explain.asked import read_asked
from app.explain.json_form import to_json
from app.explain.traces import Traces
from app.explain.tracing import not_found, trace
from app.processes.private_files import keep_to_ourselves
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json
from app.verdicts.modes import read_modes
from workers.enrich.places.database import BadPlaceDatabase
from workers.enrich.salts import SALT_BYTES
from workers.explain.text import print_account
from workers.replay.enrichers import Enrichers, make_enrichers
from workers.replay.rows import (
    COMPARED,
    as_clicks,
    from_stream,
    from_table,
    matched_rules,
    matched_with_others,
)


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
    traces = trace(settings, asked)
    if not traces.is_found and not traces.store_fault:
        raise Failure(not_found(click_id, asked, traces, settings.click_ttl_days, now_ms))
    try:
        today = make_enrichers(settings, lambda _: bytes(SALT_BYTES))
    except BadPlaceDatabase as error:
        raise Failure(str(error)) from None
    account = make_account(traces, read_modes(settings.rules), _today(traces, today, now_ms))
    if json:
        print_json(to_json(account, traces, now_ms))
    else:
        print_account(account, now_ms)
    if traces.store_fault:
        complain(f"what is stored can't be told: {traces.store_fault}")
        raise typer.Exit(1)


def _today(traces: Traces, enrichers: Enrichers, now_ms: int) -> Today:
    """Return what a replay would make of a click, by the code that it would do so with."""
    stored, entered = newest(traces.rows), traces.entered
    if entered:
        try:
            clicks = decode([entered.entry_id], [entered.flat])
        except InvalidClick as error:
            return Today(None, str(error), COMPARED)
        known = matched_with_others(stored) if stored else ()
        fresh = enrichers.of_entries.enrich(clicks, now_ms, known)
        return Today(from_stream(fresh, stored) if stored else fresh, "", COMPARED)
    if stored is None:
        return Today(columns=COMPARED)
    made = enrichers.of_rows.enrich(
        as_clicks(stored), now_ms, matched_rules(stored, enrichers.may_be_own)
    )
    return Today(from_table(made, stored, enrichers.places), "", COMPARED)
