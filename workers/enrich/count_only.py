"""Step that keeps nothing of a visitor in clicks that are only counted.

The redirect sends nothing of theirs (:mod:`app.clicks.count_only`); what another producer sends all
the same is left out here.
"""

from collections.abc import Sequence

from app.clicks.click import Clicks
from app.clicks.count_only import NOBODY, PROGRAM, site_of
from app.clicks.rows import Rows


def without_visitors(clicks: Clicks) -> Clicks:
    """Return the clicks, those that are only counted without anything of their visitors."""
    marks = clicks.count_only
    return clicks._replace(
        ips=_blanked(clicks.ips, marks),
        user_agents=_blanked(clicks.user_agents, marks),
        accept_languages=_blanked(clicks.accept_languages, marks),
        client_hints=_blanked(clicks.client_hints, marks),
        referers=[
            site_of(referrer) if mark else referrer
            for referrer, mark in zip(clicks.referers, marks, strict=True)
        ],
    )


def as_nobodys(rows: Rows, clicks: Clicks) -> Rows:
    """Return the rows, those of clicks that are only counted as of somebody whom nobody knows."""
    marks = clicks.count_only
    return rows._replace(
        visitor_id=[
            NOBODY if mark else visitor
            for visitor, mark in zip(rows.visitor_id, marks, strict=True)
        ],
        device=[
            _device(mark) if mark else device
            for device, mark in zip(rows.device, marks, strict=True)
        ],
    )


def _device(mark: bytes) -> bytes:
    return b"bot" if mark == PROGRAM else b"other"


def _blanked(texts: Sequence[bytes], marks: Sequence[bytes]) -> list[bytes]:
    return [b"" if mark else text for text, mark in zip(texts, marks, strict=True)]
