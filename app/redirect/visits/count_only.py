"""Judge of visits whose browser asks not to be followed, and what is left of those.

Rule: what is not kept never leaves the request, so that neither stream nor spool has ever had it.

Sources: `Sec-GPC <https://www.w3.org/TR/gpc/#the-sec-gpc-header-field-for-http-requests>`_, which
is ``1`` or absent, and `DNT <https://www.w3.org/TR/tracking-dnt/#dnt-header-field>`_, which begins
with ``1`` where somebody doesn't want to be tracked.
"""

from collections.abc import Callable
from typing import Literal

from app.clicks.count_only import MARK, PROGRAM, site_of
from app.redirect.visits.visit import FIELD_BYTES, Visit, clean

Heeded = Literal["off", "gpc", "gpc,dnt"]


class CountOnly:
    """Tells which visits are only counted.

    Args:
        heeded: the header fields that are listened to.
    """

    def __init__(self, heeded: Heeded) -> None:
        self._heeds_gpc = heeded != "off"
        self._heeds_dnt = heeded == "gpc,dnt"

    def __call__(self, gpc: bytes | None, dnt: bytes | None) -> bool:
        """Tell whether a visit is only counted, by its two fields, where it has them."""
        return (self._heeds_gpc and (gpc or b"").startswith(b"1")) or (
            self._heeds_dnt and (dnt or b"").startswith(b"1")
        )


def only_counted(visit: Visit, is_bot: Callable[[bytes], bool]) -> Visit:
    """Return what is kept of a visit that is only counted.

    Args:
        is_bot: tells from a user agent in UTF-8 whether a program follows the link.
    """
    agent = clean(visit.user_agent, FIELD_BYTES[b"user_agent"])
    return Visit(
        ip=b"",
        user_agent=b"",
        referer=site_of(visit.referer),
        host=visit.host,
        purpose=visit.purpose,
        gpc=visit.gpc,
        query=visit.query,
        count_only=PROGRAM if is_bot(agent) else MARK,
        own=visit.own,
    )
