"""Traffic that a click is part of: what :mod:`app.verdicts.traffic` has rules for.

Rule 1: a consumer knows the clicks that it has decoded itself, and waits for none: what comes
        later, or to another consumer, doesn't count.
Rule 2: memory is bounded, and is forgotten as a whole when it is full.
Rule 3: of an address that isn't on the internet nothing is found: a proxy's stands for everybody.
"""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import urlsplit

from app.clicks.click import NO_FETCH_MODE, Clicks
from app.http.kept_address import as_text, kept
from app.verdicts.traffic import BURST, RATE
from workers.enrich.bursts import Bursts, Candidate
from workers.enrich.rates import Rates
from workers.enrich.source.attribution import Attribution

_NOTHING: tuple[str, ...] = ()
#: Addresses of which it is remembered whether they are on the internet.
_ADDRESSES = 4_096


class Traffic:
    """Finds what clicks are part of, of all that it was ever shown."""

    def __init__(self) -> None:
        self._rates = Rates()
        self._bursts = Bursts()
        self._is_on_internet = lru_cache(_ADDRESSES)(_is_on_internet)

    def look(
        self,
        clicks: Clicks,
        households: Sequence[bytes],
        visitors: Sequence[int],
        attributions: Sequence[Attribution],
    ) -> Sequence[tuple[str, ...]]:
        """Return what each click is part of; none for hardly any.

        Args:
            households: 16 bytes, as :func:`app.http.kept_address.household` returns them.
            visitors: as :class:`workers.enrich.visitor.Visitors` numbers them.
        """
        found = {RATE: self._rates.find(clicks.times_ms, visitors, clicks.click_ids)}
        if NO_FETCH_MODE in clicks.fetch_modes:
            found[BURST] = self._bursts.find(_candidates(clicks, households, attributions))
        told = [_NOTHING] * len(visitors)
        for name, positions in found.items():
            for position in positions:
                if self._is_on_internet(households[position]):
                    told[position] += (name,)
        return told


def _candidates(
    clicks: Clicks, households: Sequence[bytes], attributions: Sequence[Attribution]
) -> list[Candidate]:
    """Return the clicks of programs that say less than browsers do."""
    silent = [
        position
        for position, mode in enumerate(clicks.fetch_modes)
        if mode == NO_FETCH_MODE and not clicks.accept_languages[position]
    ]
    return [
        Candidate(
            position,
            clicks.times_ms[position],
            kept(households[position], "network"),
            attributions[position].utm_campaign or _site(clicks.original_urls[position]),
            clicks.short_codes[position],
        )
        for position in silent
    ]


def _site(target: bytes) -> bytes:
    try:
        return urlsplit(target).netloc
    except ValueError:
        return target


def _is_on_internet(household: bytes) -> bool:
    return ipaddress.ip_address(as_text(household)).is_global
