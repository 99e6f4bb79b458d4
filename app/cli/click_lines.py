"""How one click looks in a line, with no more of the visitor's address than its network."""

import ipaddress
from datetime import UTC, datetime, timedelta

import orjson

from app.cli.output import one_line
from app.click import Click

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_IPV4_PREFIX = 24
_IPV6_PREFIX = 48


def as_text_line(click: Click, bot: str) -> str:
    """Return a click in columns set apart by tabs; ``bot`` is empty for a person."""
    columns = (
        _time(click),
        click.short_code,
        network_of(click.ip) or "-",
        bot and f"bot:{bot}",
        click.referer or "-",
        click.user_agent or "-",
    )
    return "\t".join(map(one_line, filter(None, columns)))


def as_json_line(click: Click, bot: str) -> str:
    """Return a click as a JSON object of stable form."""
    return orjson.dumps(
        {
            "time": _time(click),
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


def network_of(address: str) -> str:
    """Return the /24 of an IPv4 address or the /48 of an IPv6 one, '' of whatever is neither."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if ip.version == 6:
        ip = ip.ipv4_mapped or ip
    # By number, as a network takes no zone (fe80::1%eth0, RFC 4007).
    if ip.version == 6:
        return str(ipaddress.IPv6Network((int(ip), _IPV6_PREFIX), strict=False))
    return str(ipaddress.IPv4Network((int(ip), _IPV4_PREFIX), strict=False))


def _time(click: Click) -> str:
    time = _EPOCH + timedelta(milliseconds=click.time_ms)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
