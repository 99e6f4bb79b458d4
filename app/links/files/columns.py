"""Names of a file's columns, or of JSON's keys, and the names of links that they stand for.

Other programs call the parts of a link otherwise: Shlink's web client says ``longUrl`` and
``shortCode``, YOURLS ``url`` and ``keyword``, Kutt ``target`` and ``address``, Bitly ``long_url``
and ``link``, Dub ``url`` and ``key``, Short.io ``originalURL`` and ``path``. A name of ours goes
before all of them.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from app.links.json import CLICKS, NAMES, is_known

#: A link's whole short URL, of which its code is the path.
SHORT_URL = "short_url"
#: What others say for a name of ours, as :func:`plain` spells it; the first that is there is taken.
_ALIASES: Mapping[str, tuple[str, ...]] = {
    "target": (
        *("long_url", "longurl", "original_url", "originalurl", "destination_url"),
        *("destination", "target_url", "targeturl", "url", "link"),
    ),
    "code": (
        *("short_code", "shortcode", "slug", "keyword", "key", "back_half", "custom_slug"),
        *("alias", "path", "address"),
    ),
    SHORT_URL: ("shorturl", "short_link", "shortlink", "bitlink", "link"),
    "title": ("name", "description"),
    "tags": ("tag", "labels"),
    "created_at": ("createdat", "date_created", "datecreated", "created", "timestamp"),
    "expires_at": ("expiresat", "expires", "expire_in", "valid_until", "validuntil"),
    CLICKS: ("visits", "visit_count", "total_clicks", "totalclicks", "hits"),
    "click_limit": ("max_visits", "maxvisits", "max_clicks"),
}
#: Sets of names that are remembered, of a file whose rows have their own.
_MOST_READ = 100
#: Names that are told of; a file whose every row has others would be told of without end.
_MOST_TOLD = 1000


class Named(NamedTuple):
    """Names of one row's columns.

    Attributes:
        names: a link's name for each, None for what links don't have.
        are_foreign: whether another program than ours named them.
    """

    names: tuple[str | None, ...]
    are_foreign: bool


class Vocabulary(NamedTuple):
    """Names that a file is read for.

    Attributes:
        aliases: what others say for a name of ours; the first that is there is taken.
        knows: tells whether a name is one of ours.
        needed: without which a first line names no columns.
        expected: what a first line should name, for a person.
        has_inner: whether others have objects within a row, whose names stand behind a point.
    """

    aliases: Mapping[str, tuple[str, ...]]
    knows: Callable[[str], bool]
    needed: tuple[str, ...]
    expected: str
    has_inner: bool = False


#: Of links.
LINKS = Vocabulary(
    _ALIASES,
    is_known,
    ("target",),
    f"target and any of {', '.join(NAMES)}; or say what it calls them: --column target='Long link'",
)

#: Of links that are there, by their codes; what else stands there is read over.
CODES = Vocabulary({"code": _ALIASES["code"]}, "code".__eq__, ("code",), "code")


class Columns:
    """Names of one file's columns; of JSON each row may have others.

    Args:
        chosen: by a link's name what the file calls it, before anything else; '' for nothing.
        on_unknown: told each name once that links don't have.
        on_alias: told each name once that another program gave, and ours for it.
        vocabulary: what the file is read for.
    """

    def __init__(
        self,
        chosen: Mapping[str, str],
        on_unknown: Callable[[str], None],
        on_alias: Callable[[str, str], None],
        vocabulary: Vocabulary = LINKS,
    ) -> None:
        self._vocabulary = vocabulary
        self._chosen = {name: plain(raw) for name, raw in chosen.items()}
        self._on_unknown = on_unknown
        self._on_alias = on_alias
        self._told: set[str] = set()
        self._read: dict[tuple[str, ...], Named] = {}

    def missing(self, raws: Sequence[str]) -> list[str]:
        """Return which of the chosen names are not there."""
        there = set(map(plain, raws))
        return [raw for raw in self._chosen.values() if raw and raw not in there]

    @property
    def expected(self) -> str:
        """What a first line should name, for a person."""
        return self._vocabulary.expected

    @property
    def asks_within(self) -> bool:
        """Whether names of objects within a row are asked for."""
        return self._vocabulary.has_inner

    def name_all(self, raws: Sequence[str]) -> bool:
        """Tell whether the names stand for all that is needed."""
        found = _resolved(list(map(plain, raws)), self._chosen, self._vocabulary)
        return set(self._vocabulary.needed) <= set(found)

    def of(self, raws: Sequence[str]) -> Named:
        """Return what a row's names stand for."""
        key = tuple(raws)
        if key not in self._read:
            if len(self._read) >= _MOST_READ:
                self._read.clear()
            self._read[key] = self._name(key)
        return self._read[key]

    def _name(self, raws: tuple[str, ...]) -> Named:
        spelled = list(map(plain, raws))
        names = _resolved(spelled, self._chosen, self._vocabulary)
        for raw, plainly, name in zip(raws, spelled, names, strict=True):
            is_told = raw in self._told or len(self._told) >= _MOST_TOLD
            if name != plainly and plainly and not is_told:
                self._told.add(raw)
                if name is None:
                    self._on_unknown(raw.strip())
                else:
                    self._on_alias(raw.strip(), name)
        needed = self._vocabulary.needed[0]
        return Named(names, (needed, needed) not in zip(spelled, names, strict=True))


def plain(raw: str) -> str:
    """Return a name without what a person may write otherwise: case, blanks and dashes."""
    return "_".join(raw.strip().casefold().replace("-", " ").split())


def parted(tags: object) -> object:
    """Return tags that another program has put between bars as a list; others as they are."""
    if not isinstance(tags, str) or "," in tags:
        return tags
    return [tag for tag in tags.split("|") if tag.strip()]


def code_in(short_url: object) -> str | None:
    """Return the code that a short URL ends with, with a scheme or without; None for none."""
    if not isinstance(short_url, str):
        return None
    where = short_url.strip().partition("://")[2] or short_url.strip()
    path = where.partition("?")[0].partition("#")[0].partition("/")[2]
    return path.strip("/") or None


def _resolved(
    names: Sequence[str], chosen: Mapping[str, str], vocabulary: Vocabulary
) -> tuple[str | None, ...]:
    picked = {raw: name for name, raw in chosen.items() if raw in names}
    for name in names:
        if vocabulary.knows(name) and name not in chosen and name not in picked:
            picked[name] = name
    taken = {*chosen, *picked.values()}
    for name, aliases in vocabulary.aliases.items():
        free = next((one for one in aliases if one in names and one not in picked), None)
        if name not in taken and free:
            picked[free] = name
    return tuple(picked.get(name) for name in names)
