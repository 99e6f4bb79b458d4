"""Names of countries in English, from the machine's time zone data (tz database, iso3166.tab)."""

import zoneinfo
from collections.abc import Mapping
from functools import cache
from pathlib import Path


def country_name(code: str) -> str:
    """Return a country's name by its ISO 3166 code; the code where this machine knows none."""
    return _names().get(code, code)


@cache
def _names() -> Mapping[str, str]:
    for folder in zoneinfo.TZPATH:
        try:
            text = (Path(folder) / "iso3166.tab").read_text("utf-8")
        except OSError:
            continue
        return dict(
            line.split("\t", 1)
            for line in text.splitlines()
            if "\t" in line and not line.startswith("#")
        )
    return {}
