"""Command that compares accepted clicks with what became of them: `hopline audit`."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.audit.audit import PATIENCE_SECONDS, Findings
from app.audit.factory import open_audit
from app.audit.spool_note import SpoolNote
from app.cli.audit_view import print_findings, to_json
from app.config.loading import load
from app.config.settings import Settings
from app.stores.redis import connect
from app.stores.redis_connection import Wire
from app.terminal.options import AsJson, read_since
from app.terminal.output import complain, print_json
from app.terminal.progress import progress
from app.times import unix_ms


def audit(
    *,
    since: Annotated[
        str | None,
        typer.Option(help="Only clicks since: 2026-05-01T12:00, 24h.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that every click is in its place, and name those that aren't.

    Accepted clicks = inserted + dead + pending + unread + spooled on this host. Exit code 1 if one
    is missing, or if one is in ClickHouse that nobody accepted, or went with a deleted spool.

    \b
    hopline audit --since 24h
    """
    settings = load()
    found = _run(settings, _milliseconds(since))
    lost = SpoolNote(settings.spool_directory).lost()
    if as_json:
        print_json({**to_json(found), "lost_with_spool": lost})
    else:
        print_findings(found)
    if lost:
        complain(f"{settings.spool_directory} was deleted, and {lost:,} clicks with it")
    if not found.is_balanced:
        complain("the ledger does not balance")
    if lost or not found.is_balanced:
        raise typer.Exit(1)


def _run(settings: Settings, since_ms: int) -> Findings:
    url, timeout_seconds = settings.redis_url, settings.redis_timeout_seconds
    with connect(url, timeout_seconds=timeout_seconds) as client:
        call = Wire(client, url, timeout_seconds).call
        examiner = open_audit(settings, call, PATIENCE_SECONDS)
        try:
            return examiner.run(since_ms, _with_progress)
        finally:
            examiner.close()


def _milliseconds(since: str | None) -> int:
    moment = read_since(since, datetime.now(UTC))
    return unix_ms(moment) if moment else 0


def _with_progress(days: Iterable[int]) -> Iterator[int]:
    with progress() as bar:
        yield from bar.track(days, description="comparing days")
