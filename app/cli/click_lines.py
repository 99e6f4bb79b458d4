"""Formatter that shows a click in one line, with no more of the address than its network."""

import orjson

from app.clicks.click import Click
from app.http.addresses import network_of
from app.terminal.output import one_line
from app.times import rfc3339

#: Characters for time, code, network, bot, referer and user agent on a terminal.
_WIDTHS = (24, 12, 18, 12, 28, 200)


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
