"""Questions to the search index, as SQL.

Rule: what is looked for is found by whatever leaves few links: a text, a tag or a state. Where all
      leave many, links are gone through in the order that is asked for, in which a page's worth of
      them comes soon.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from app.links.index.rows import DELETED, LIVE, STATES, between_blanks
from app.links.link import State

Sort = Literal["created_at", "last_click_at", "clicks", "code"]
SORTS: tuple[Sort, ...] = get_args(Sort)

#: Links that are few enough to look at all of them.
FEW = 10_000
#: By what is sorted: a column, and the index whose order that is.
_COLUMNS = {
    "created_at": ("created_ms", "by_created"),
    "last_click_at": ("last_click_ms", "by_last_click"),
    "clicks": ("clicks", "by_clicks"),
    "code": ("code", "sqlite_autoindex_links_1"),
}
#: The second condition says that its index, which leaves live links out, will do.
_OF_STATE = "SELECT id FROM links INDEXED BY by_state WHERE state = ? AND state > 0"
#: Nearly every link has them.
_EVERYWHERE = frozenset(("htt", "ttp", "tps", "ps:", "p:/", "s:/", "://"))
_TRIGRAM = 3

Value = str | int | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for, and in which order.

    Attributes:
        any_tags: of which a link carries one.
        all_tags: which it carries.
        no_tags: of which it carries none.
        own_tags: of which it carries one, if whoever asks sees no other links.
        state: that it is in; None for any but deleted.
        text: that stands in its code, target or title, in upper or lower case; '' for any.
        ascending: whether the least comes first.
    """

    any_tags: Sequence[str] = ()
    all_tags: Sequence[str] = ()
    no_tags: Sequence[str] = ()
    own_tags: Sequence[str] = ()
    state: State | None = None
    text: str = ""
    sort: Sort = "created_at"
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A link's place in an order."""

    value: int | str
    code: str


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement, and the values of its marks."""

    text: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to the links that match.

    Attributes:
        source: what stands behind FROM.
        few: counts, up to a bound, what is looked at; None if that is nobody's concern.
    """

    source: Sql
    few: Sql | None


def ways(question: Question) -> list[Way]:
    """Return ways to the links, of which the last leads there in any case."""
    found = []
    if trigrams := _trigrams(question.text):
        match = " AND ".join('"' + each.replace('"', '""') + '"' for each in trigrams)
        found.append(_through("SELECT rowid AS id FROM texts WHERE texts MATCH ?", (match,)))
    if question.state not in (None, STATES[LIVE]):
        number = STATES.index(question.state)
        found.append(_through(_OF_STATE, (number,)))
    for tags in (*((tag,) for tag in question.all_tags), question.any_tags, question.own_tags):
        if tags:
            marks = ", ".join("?" * len(tags))
            # One is in the order of its index; of several a link may have two.
            unique = "" if len(tags) == 1 else "DISTINCT "
            text = f"SELECT {unique}id FROM tagged WHERE tag IN ({marks})"  # noqa: S608 - marks
            found.append(_through(text, tuple(tags)))
    _, index = _COLUMNS[question.sort]
    return [*found, Way(Sql(f"links INDEXED BY {index}", ()), None)]


def page(question: Question, way: Way, after: Place | None, limit: int) -> Sql:
    """Return the statement that asks for codes, and what they are sorted by.

    Args:
        after: behind which to begin.
    """
    column, _ = _COLUMNS[question.sort]
    conditions, values = _conditions(question)
    if after is not None:
        conditions.append(f"({column}, code) {'>' if question.ascending else '<'} (?, ?)")
        values += [after.value, after.code]
    order = "ASC" if question.ascending else "DESC"
    text = (
        f"SELECT code, {column}, clicks, last_click_ms FROM {way.source.text}"  # noqa: S608 - ours
        f" WHERE {' AND '.join(conditions)}"
        f" ORDER BY {column} {order}, code {order} LIMIT ?"
    )
    return Sql(text, (*way.source.values, *values, limit))


def place_of(code: str, sort: Sort) -> Sql:
    """Return the statement that asks for what a link is sorted by."""
    column, _ = _COLUMNS[sort]
    return Sql(f"SELECT {column} FROM links WHERE code = ?", (code,))  # noqa: S608 - ours


def _through(text: str, values: tuple[Value, ...]) -> Way:
    few = Sql(f"SELECT count(*) FROM ({text} LIMIT {FEW + 1})", values)  # noqa: S608 - ours
    return Way(Sql(f"({text}) CROSS JOIN links USING (id)", values), few)


def _conditions(question: Question) -> tuple[list[str], list[Value]]:
    conditions, values = list[str](), list[Value]()
    if question.state is None:
        conditions.append(f"state != {DELETED}")
    else:
        conditions.append("state = ?")
        values.append(STATES.index(question.state))
    for tags in (*((tag,) for tag in question.all_tags), question.any_tags, question.own_tags):
        if tags:
            conditions.append(f"({' OR '.join(['instr(tags, ?) > 0'] * len(tags))})")
            values += [between_blanks([tag]) for tag in tags]
    for tag in question.no_tags:
        conditions.append("instr(tags, ?) = 0")
        values.append(between_blanks([tag]))
    if not _may_stand(question.text):
        conditions.append("0")
    elif question.text:
        conditions.append("instr(text, ?) > 0")
        values.append(question.text.casefold())
    return conditions, values


def _may_stand(text: str) -> bool:
    """Tell whether a text may stand in a link's, where no line breaks and the like are."""
    return not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in text)


def _trigrams(text: str) -> list[str]:
    """Return what every text has that holds this one; nothing that nearly all have."""
    if not _may_stand(text):
        return []
    folded = text.casefold()
    every = {folded[place : place + _TRIGRAM] for place in range(len(folded) - _TRIGRAM + 1)}
    return sorted(every - _EVERYWHERE)
