"""Command that shows clicks as they come: `hopline tail`."""

import shutil
import sys
import time
from typing import Annotated

import orjson
import typer

from app.clicks.click import Click, InvalidClick, from_fields
from app.config.loading import load
from app.config.settings import Settings
from app.config.shards import shards_of
from app.http.addresses import network_of
from app.links.codes import named
from app.live.click_judge import ClickJudge
from app.live.stream_tail import StreamTail
from app.stores.redis.client import connect
from app.terminal.output import complain, let_go, one_line
from app.times import rfc3339

#: How long one read waits at the server; Ctrl-C is heard at any time.
_BLOCK_MS = 1_000
#: Characters of a line at least, as far as the network; on a narrower terminal it goes on below.
_LEAST_COLUMNS = 60
#: Characters for time, code, network, bot, referer and user agent on a terminal.
_WIDTHS = (24, 12, 18, 12, 28, 200)


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
        [shard.stream for shard in shards_of(settings)],
        block_ms=_BLOCK_MS,
        sleep=time.sleep,
        say=complain,
    )
    judge = ClickJudge(settings)
    write_line = as_json_line if as_json else line_of
    for entry_id, fields in stream_tail.entries(stream_tail.last_ids()):
        try:
            click = from_fields(entry_id, fields)
        except InvalidClick as error:
            complain(f"entry {entry_id.decode()} is no click: {error}")
            continue
        if code in (None, click.short_code):
            print(write_line(click, judge.verdict(click).name), flush=True)


def line_of(click: Click, bot: str) -> str:
    """Return a click as a terminal shows it, or tab-separated for a pipe."""
    if not sys.stdout.isatty():
        return as_tab_line(click, bot)
    return as_aligned_line(click, bot, max(shutil.get_terminal_size().columns, _LEAST_COLUMNS))


def as_tab_line(click: Click, bot: str) -> str:
    """Return a click in columns set apart by tabs; ``bot`` is empty for a person."""
    return "\t".join(_columns(click, bot))


def as_aligned_line(click: Click, bot: str, width: int) -> str:
    """Return a click in aligned columns, cut to a terminal's width in characters."""
    cells = zip(_columns(click, bot), _WIDTHS, strict=True)
    return "  ".join(text[:cell].ljust(cell) for text, cell in cells)[:width].rstrip()


def as_json_line(click: Click, bot: str) -> str:
    """Return a click as a JSON object of stable form."""
    return orjson.dumps(
        {
            "time": rfc3339(click.time_ms),
            "click_id": click.click_id.hex(),
            "code": click.short_code,
            "target": click.original_url,
            "network": network_of(click.ip),
            "bot": bot,
            "referer": click.referer,
            "user_agent": click.user_agent,
            "host": click.host,
        }
    ).decode()


def _columns(click: Click, bot: str) -> tuple[str, ...]:
    columns = (
        rfc3339(click.time_ms),
        click.short_code,
        network_of(click.ip),
        bot,
        click.referer,
        click.user_agent,
    )
    return tuple(one_line(text) or "-" for text in columns)
