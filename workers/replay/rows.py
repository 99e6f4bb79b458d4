"""Rules that make a new row of a click that is stored already, without I/O.

Rule 1: what the producer fixed stays: click id, time, short code, target, user agent, referrer.
Rule 2: the visitor's id stays. It was made with a day's salt, which may be gone, and a new one
        would make a second visitor of the same person. A click that is only counted has none.
Rule 3: what today knows less about than the row does stays as it is stored.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote_plus

from app.clicks.campaign_query import UTM
from app.clicks.click import Clicks
from app.clicks.count_only import MARK, NOBODY, PROGRAM
from app.clicks.rows import TOLD, Rows
from app.http.kept_address import as_text
from app.verdicts.judge import BETWEEN_REASONS, SHADOW
from app.verdicts.rules import RULES
from app.verdicts.traffic import OF_OTHER_CLICKS
from app.verdicts.visit import COUNTED_PROGRAM, OWN_NETWORK, loaded_ahead
from workers.enrich.places.place import Place
from workers.enrich.source.attribution import Attribution
from workers.replay.stored_places import StoredPlaces

#: What a person sees of a row that a replay can change.
COMPARED = (
    "country",
    "browser",
    "os",
    "device",
    "is_bot",
    "bot",
    "referrer_host",
    "language",
    "ip",
    "browser_version",
    "os_version",
    *Attribution._fields,
    *Place._fields[1:],
    "verdict",
    "reasons",
)
#: Rules that look at more than a row holds: what they once found stays.
_OF_THE_VISIT = frozenset(rule.name for rule in RULES if rule.matches)


def pick(rows: Rows, positions: Iterable[int]) -> Rows:
    """Return some of the rows, in this order."""
    chosen = list(positions)
    if chosen == list(range(len(rows.click_id))):
        return rows
    columns: list[list[object]] = [list(map(column.__getitem__, chosen)) for column in rows]
    return Rows(*columns)  # type: ignore[arg-type]


def from_stream(fresh: Rows, stored: Rows) -> Rows:
    """Return the new rows of clicks that stand in both, in the same order.

    Args:
        fresh: made from stream entries by today's rules, their visitor ids by any salt.
        stored: as they are in the table.
    """
    visitors = zip(fresh.visitor_id, stored.visitor_id, strict=True)
    new = fresh._replace(
        # A worker that didn't know clicks which are only counted has given them a visitor.
        visitor_id=[NOBODY if made == NOBODY else kept for made, kept in visitors]
    )
    if fresh.geo_version[0]:
        return new
    # Without databases today, what they said earlier is better than nothing.
    return new._replace(**_columns_of_places(stored))


def as_clicks(stored: Rows) -> Clicks:
    """Return stored rows as clicks, as far as they tell; the language's header is not stored.

    What was known of a campaign stands for the visit's own query: that or the target said it.
    """
    nothing = [b""] * len(stored.click_id)
    return Clicks(
        entry_ids=nothing,
        click_ids=list(stored.click_id),
        times_ms=list(stored.time),
        short_codes=list(stored.short_code),
        ips=[as_text(address).encode() for address in stored.ip],
        user_agents=list(stored.user_agent),
        referers=list(stored.referrer),
        original_urls=list(stored.target),
        hosts=list(stored.host),
        accept_languages=nothing,
        purposes=list(map(_loaded_ahead, stored.bot)),
        queries=_queries(stored),
        count_only=list(map(_count_only, stored.visitor_id, stored.reasons)),
        owns=nothing,
        client_hints=list(stored.client_hints),
        fetch_modes=nothing,
    )


def matched_rules(stored: Rows, may_be_own: Callable[[bytes], bool]) -> list[tuple[str, ...]]:
    """Return the names of the rules that each click matched, of those that its row can't tell.

    Args:
        may_be_own: whether a stored address may be in a network that is the operator's today.
    """
    names = {text: _names(text) for text in set(stored.reasons)}
    return [
        tuple(name for name in names[text] if name != OWN_NETWORK.name or may_be_own(address))
        for text, address in zip(stored.reasons, stored.ip, strict=True)
    ]


def matched_with_others(stored: Rows) -> list[tuple[str, ...]]:
    """Return the names of the rules that each click matched by other clicks around it."""
    return [
        tuple(name for name in _names(text) if name in OF_OTHER_CLICKS) for text in stored.reasons
    ]


def from_table(fresh: Rows, stored: Rows, places: StoredPlaces) -> Rows:
    """Return the new rows of clicks of which only the row is left, in the same order.

    Args:
        fresh: made by today's rules from :func:`as_clicks`.
    """
    new = fresh._replace(
        visitor_id=stored.visitor_id,
        language=stored.language,
        **_places_today(stored, places),
    )
    return _without_told(new, stored) if TOLD in stored.rules_version else new


def _without_told(new: Rows, stored: Rows) -> Rows:
    """Return new rows, but the stored ones of which another program has told: see rule 3."""
    told = [version == TOLD for version in stored.rules_version]

    def chosen(made: Iterable[Any], kept: Iterable[Any]) -> list[Any]:
        return [was if is_told else now for now, was, is_told in zip(made, kept, told, strict=True)]

    names = [name for name in Rows._fields if name != "enriched_at"]
    return new._replace(
        **{name: chosen(getattr(new, name), getattr(stored, name)) for name in names}
    )


def changed_positions(old: Rows, new: Rows) -> list[int]:
    """Return where the two differ in anything but the time of their making."""
    columns = [
        (before, after)
        for name, before, after in zip(Rows._fields, old, new, strict=True)
        if name != "enriched_at" and list(before) != list(after)
    ]
    return [
        position
        for position in range(len(old.click_id))
        if any(before[position] != after[position] for before, after in columns)
    ]


def _count_only(visitor: int, reasons: bytes) -> bytes:
    if visitor != NOBODY:
        return b""
    return PROGRAM if COUNTED_PROGRAM.name in _names(reasons) else MARK


def _loaded_ahead(bot: bytes) -> bytes:
    """Return why a browser loaded the link on its own, if that is what the row says."""
    return bot if loaded_ahead(bot.decode()) == bot.decode() else b""


def _columns_of_places(rows: Rows) -> dict[str, Any]:
    return {name: getattr(rows, name) for name in (*Place._fields, "geo_version")}


def _places_today(stored: Rows, places: StoredPlaces) -> dict[str, Any]:
    """Return the columns that tell of places, as today's databases fill them."""
    *columns, versions = _columns_of_places(stored).values()
    version = places.version.encode()
    told = []
    for address, old_version, *texts in zip(stored.ip, versions, *columns, strict=True):
        known = Place(*(text.decode("utf-8", "replace") for text in texts))
        place, have_say = places.place_of_stored(address, known)
        told.append((*map(str.encode, place), version if have_say else old_version))
    return dict(zip((*Place._fields, "geo_version"), zip(*told, strict=True), strict=True))


def _names(reasons: bytes) -> tuple[str, ...]:
    names = (name.removeprefix(SHADOW) for name in reasons.decode().split(BETWEEN_REASONS))
    return tuple(name for name in names if name in _OF_THE_VISIT)


def _queries(stored: Rows) -> list[bytes]:
    told = zip(stored.click_ids, *(getattr(stored, name) for name in UTM), strict=True)
    return [_query(marks, texts) if marks or any(texts) else b"" for marks, *texts in told]


def _query(marks: bytes, texts: Sequence[bytes]) -> bytes:
    said = (
        f"{name}={quote_plus(text)}".encode() for name, text in zip(UTM, texts, strict=True) if text
    )
    return b"&".join((*said, *marks.split(b",")))
