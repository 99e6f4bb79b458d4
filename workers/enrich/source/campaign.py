"""Reader that takes a campaign from the parameters of a link's target and of a visit."""

from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from app.clicks.campaign_query import ALIASES, CLICK_IDS, UTM

#: Characters of a text that are kept, as many as reports can show.
LONGEST = 200
#: A character may take four bytes of UTF-8, each of which is written as three.
_ENCODED = 12
#: Parameters looked at.
_MOST_PARAMETERS = 64


class Campaign(NamedTuple):
    """What links say of the campaign that they belong to.

    Attributes:
        source, medium, campaign, term, content: texts of at most 200 characters, '' for none;
            source and medium in small letters, as people write them in all kinds.
        click_ids: names of the advertisers' marks that were there, in the alphabet's order, with
            commas.
    """

    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""
    click_ids: str = ""


#: That of most visits; no other is empty.
NO_CAMPAIGN = Campaign()


def query_of(target: bytes) -> bytes:
    """Return the query of a link's target, which many links share."""
    return target.partition(b"#")[0].partition(b"?")[2]


def read_campaign(targets_query: str, query: str) -> Campaign:
    """Return the campaign of a visit.

    What the visit says goes before what the target does. A visit that names a source was shared
    under another name, of which the target's other parameters say nothing.

    Args:
        targets_query: that of the link's target.
        query: the visit's own, as :func:`app.clicks.campaign_query.campaign_query` keeps it.
    """
    own = _parameters(query)
    found = _parameters(targets_query)
    if "utm_source" in own:
        found = {name: text for name, text in found.items() if name in CLICK_IDS}
    found |= own
    if not found:
        return NO_CAMPAIGN
    source, medium, campaign, term, content = (found.get(name, "") for name in UTM)
    marks = sorted(CLICK_IDS & found.keys())
    return Campaign(source.lower(), medium.lower(), campaign, term, content, ",".join(marks))


def _parameters(query: str) -> dict[str, str]:
    """Return the first of each parameter that says something here; click ids without a text."""
    found: dict[str, str] = {}
    for name, raw in _pairs(query) if query else ():
        if name in CLICK_IDS:
            found.setdefault(name, "")
        elif name in UTM and name not in found and (text := _text(raw)):
            found[name] = text
    return found


def _pairs(query: str) -> Iterator[tuple[str, str]]:
    for pair in query.split("&", _MOST_PARAMETERS)[:_MOST_PARAMETERS]:
        name, _, raw = pair.partition("=")
        # Written into a page, an ampersand may come out as its entity.
        name = name.lower().removeprefix("amp;")
        yield ALIASES.get(name, name), raw


def _text(raw: str) -> str:
    """Return a value decoded, without line ends and what nobody can see."""
    text = unquote_plus(raw[: _ENCODED * LONGEST], errors="replace")
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:LONGEST]
