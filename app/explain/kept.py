"""Fields of a click that whoever may see it is shown: no more than its row keeps.

What only the redirect and the workers look at is left out: the whole address, the languages, the
visit's own query.
"""

from app.clicks.click import Click
from app.clicks.count_only import site_of
from app.http.kept_address import UNKNOWN, Kept, as_text, kept, parse_address


def kept_fields(click: Click, keep: Kept) -> dict[str, str]:
    """Return the fields by the names of the stream; without those that the row has nothing of.

    Args:
        keep: what is stored of an address.
    """
    fields = {
        "short_code": click.short_code,
        "original_url": click.original_url,
        "host": click.host,
        "ip": kept_address(click, keep),
        "user_agent": "" if click.count_only else click.user_agent,
        "referer": kept_referrer(click),
        "client_hints": "" if click.count_only else click.client_hints,
    }
    return {name: text for name, text in fields.items() if text}


def kept_address(click: Click, keep: Kept) -> str:
    """Return what is stored of a click's address, '' for nothing."""
    address = UNKNOWN if click.count_only else kept(parse_address(click.ip), keep)
    return "" if address == UNKNOWN else as_text(address)


def kept_referrer(click: Click) -> str:
    """Return what is stored of a click's referrer."""
    if not click.count_only:
        return click.referer
    return site_of(click.referer.encode()).decode("utf-8", "replace")
