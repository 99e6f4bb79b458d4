"""Parameters of an address that tell of a campaign, and all that is kept of a visit's own.

Whoever shares a link adds them to it: ``https://go.example/demo?utm_source=newsletter``. Nothing
else of a visit's query leaves the redirect: not the values of click ids, by which an advertiser's
system knows one person again, and no parameter that isn't named here.

Sources: Google's `parameters of campaigns <https://support.google.com/analytics/answer/10917952>`_,
Matomo's own names for the same, and those under which advertisers mark clicks.
"""

import re

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
#: As other analytics call them.
ALIASES = {
    f"{prefix}_{ending}": f"utm_{meaning}"
    for prefix in ("mtm", "pk")
    for ending, meaning in {
        "source": "source",
        "medium": "medium",
        "campaign": "campaign",
        "kwd": "term",
        "keyword": "term",
        "content": "content",
    }.items()
}
CLICK_IDS = frozenset(
    (
        *("gclid", "gbraid", "wbraid", "dclid", "srsltid", "msclkid", "yclid", "ysclid"),
        *("fbclid", "igshid", "igsh", "ttclid", "twclid", "li_fat_id", "rdt_cid", "sccid", "epik"),
        *("vk_ref", "irclickid", "cjevent", "awc", "mc_eid", "_hsenc", "mkt_tok"),
    )
)
#: Bytes of a query that are looked at.
_READ_BYTES = 4096

_UTM_NAMES = "|".join((*UTM, *ALIASES))
_MARKS = "|".join(sorted(CLICK_IDS))
_KEPT = re.compile(
    rf"(?:^|&)(?:amp;)?(?:((?:{_UTM_NAMES})=[^&#\s]+)|({_MARKS})=[^&#\s]+)".encode(), re.IGNORECASE
)


def campaign_query(query: bytes) -> bytes:
    """Return what is kept of a visit's query: parameters of campaigns, and names of click ids.

    Args:
        query: as it was sent, without its question mark.

    Returns:
        Parameters joined by ``&`` as they were, click ids without a value; empty for most visits.
    """
    found = _KEPT.findall(query[:_READ_BYTES])
    return b"&".join(pair or mark for pair, mark in found) if found else b""
