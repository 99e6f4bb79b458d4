"""Table that finds the named source of a host, an app's package or a campaign's word."""

from collections.abc import Iterable, Iterator
from importlib import resources
from typing import NamedTuple

#: What stands between a country's own suffix and the names under it: co.uk, com.au, or.jp.
_SECOND_LEVELS = frozenset(
    ("ac", "co", "com", "edu", "gob", "gov", "gr", "in", "info", "ltd", "ne", "net", "or", "org")
)
_COUNTRY_LETTERS = 2
_ANY_SUFFIX = ".*"
_APP, _IOS_APP, _CAMPAIGN = "app:", "ios:", "word:"


class Source(NamedTuple):
    """A site, app or service that people come from.

    Attributes:
        name: as people call it.
        kind: search, social, video, email, messaging, ai, shopping, audio, display, affiliate, or
            referral for any other.
    """

    name: str
    kind: str


class NamedSources:
    """Finds named sources, by a table of hosts and packages."""

    def __init__(self, lines: Iterable[tuple[Source, Iterable[str]]]) -> None:
        """Take the table.

        Raises:
            ValueError: a host stands in it twice.
        """
        self._by_host: dict[str, Source] = {}
        for source, hosts in lines:
            for host in (*hosts, _CAMPAIGN + _word(source.name)):
                if self._by_host.setdefault(host, source) is not source:
                    raise ValueError(f"{host} stands for two sources")
        self._sites_with_parts = {host.partition("/")[0] for host in self._by_host if "/" in host}

    def has_parts(self, host: str) -> bool:
        """Tell whether parts of a site are sources of their own."""
        return host in self._sites_with_parts

    def of_host(self, host: str, path: str = "") -> Source | None:
        """Return the source that a host belongs to, the one of its longest name.

        Args:
            host: in small letters, with or without ``www.``.
            path: what follows it, for sites whose parts are sources of their own.
        """
        if self.has_parts(host):
            for part in _starts(f"{host}{path}"):
                if part in self._by_host:
                    return self._by_host[part]
        return next(filter(None, map(self._by_host.get, _names(host))), None)

    def of_app(self, package: str) -> Source | None:
        """Return the source that an Android package belongs to."""
        return self._by_host.get(_APP + package)

    def of_ios_app(self, number: str) -> Source | None:
        """Return the source that an app's number in Apple's store belongs to."""
        return self._by_host.get(_IOS_APP + number)

    def of_word(self, word: str) -> Source | None:
        """Return the source that a campaign means by a word: a name, an abbreviation or a host."""
        known = self._by_host.get(_CAMPAIGN + _word(word))
        return known or (self.of_host(word) if "." in word else None)


def named_sources() -> NamedSources:
    """Return the sources of ``sources.tsv``."""
    table = resources.files("workers.enrich.source").joinpath("sources.tsv").read_text()
    rows = (line.split("\t") for line in table.splitlines())
    return NamedSources((Source(name, kind), hosts.split()) for name, kind, hosts in rows)


def _word(name: str) -> str:
    return name.lower().replace(" ", "")


def _starts(address: str) -> Iterator[str]:
    """Yield a host with its path, without the path's last part, and so on; not the host alone."""
    while (slash := address.rfind("/")) > 0:
        address = address[:slash] if slash == len(address) - 1 else address
        if "/" not in address:
            return
        yield address
        address = address[: address.rfind("/")]


def _names(host: str) -> Iterator[str]:
    """Yield what a host may be listed as, the longest first, each with and without its suffix."""
    labels = host.split(".")
    suffix = len(labels) - _suffix_labels(labels)
    for start in range(len(labels)):
        yield ".".join(labels[start:])
        if start < suffix:
            yield ".".join(labels[start:suffix]) + _ANY_SUFFIX


def _suffix_labels(labels: list[str]) -> int:
    """Return how many labels a host's public suffix has, near enough for names of a table."""
    is_country = len(labels[-1]) == _COUNTRY_LETTERS
    return 2 if is_country and len(labels) > 2 and labels[-2] in _SECOND_LEVELS else 1
