"""Command that shows clicks as they come: `hopline tail`."""

import shutil
import sys
import time
from typing import Annotated

import typer

from app.cli.click_lines import as_aligned_line, as_json_line, as_tab_line
from app.cli.stream_tail import StreamTail
from app.clicks.bots import Bots
from app.clicks.click import Click, InvalidClick, from_fields
from app.config.loading import load
from app.config.settings import Settings
from app.links.codes import named
from app.stores.redis import connect
from app.terminal.output import complain, let_go

#: How long one read waits at the server; Ctrl-C is heard at any time.
_BLOCK_MS = 1_000
#: Characters of a line at least, as far as the network; on a narrower terminal it goes on below.
_LEAST_COLUMNS = 60


def tail(
    code: Annotated[
        str | None,
        typer.Option(
            help="Only clicks of this short code, or short link.",
            show_default=False,
            callback=lambda code: code and named(code),
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON, one object a line.")] = False,
) -> None:
    """Show clicks as they come, until Ctrl-C; it takes nothing from the workers.

    Of an address only the network is shown: its /24, or /48 of IPv6.
    """
    try:
        _follow(load(), code, as_json=as_json)
    except KeyboardInterrupt:
        return
    except BrokenPipeError:
        # Whoever read has gone.
        let_go(sys.stdout)


def _follow(settings: Settings, code: str | None, *, as_json: bool) -> None:
    client = connect(
        settings.redis_url, timeout_seconds=settings.redis_timeout_seconds, block_ms=_BLOCK_MS
    )
    stream_tail = StreamTail(
        client,
        settings.redis_url,
        settings.stream,
        block_ms=_BLOCK_MS,
        sleep=time.sleep,
        say=complain,
    )
    bots = Bots()
    write_line = as_json_line if as_json else line_of
    for entry_id, fields in stream_tail.entries(stream_tail.last_id()):
        try:
            click = from_fields(entry_id, fields)
        except InvalidClick as error:
            complain(f"entry {entry_id.decode()} is no click: {error}")
            continue
        if code in (None, click.short_code):
            print(write_line(click, bots.name(click.user_agent)), flush=True)


def line_of(click: Click, bot: str) -> str:
    """Return a click as a terminal shows it, or tab-separated for a pipe."""
    if not sys.stdout.isatty():
        return as_tab_line(click, bot)
    return as_aligned_line(click, bot, max(shutil.get_terminal_size().columns, _LEAST_COLUMNS))
