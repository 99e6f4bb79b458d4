"""Country database that answers which country an address is in."""

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import maxminddb

from workers.enrich.address import UNKNOWN, as_text, origin

logger = logging.getLogger(__name__)


class BadCountryDatabase(Exception):
    """The file is there but no country database; the text names it."""


class CountryDatabase:
    """Looks countries up in a MaxMind DB file, read through its C extension.

    Without a file, or while it is missing, every country is unknown: a click counts all the same.
    """

    def __init__(self, path: Path | None) -> None:
        """Open the file.

        Raises:
            BadCountryDatabase: when it is none.
        """
        self._reader = _open(path) if path else None
        self.version = _version(self._reader) if self._reader else ""

    def country(self, address: bytes) -> str:
        """Return the ISO 3166-1 alpha-2 code of an address in 16 bytes, '' if it is unknown."""
        if self._reader is None or address == UNKNOWN:
            return ""
        try:
            found = self._reader.get(as_text(origin(address)))
        except ValueError:  # an IPv6 address and a database of IPv4 addresses
            return ""
        return _code(found) if isinstance(found, dict) else ""


def _open(path: Path) -> maxminddb.Reader | None:
    try:
        return maxminddb.open_database(path)
    except FileNotFoundError:
        logger.warning("country database %s is missing: countries stay unknown", path)
        return None
    except (maxminddb.InvalidDatabaseError, OSError) as error:
        raise BadCountryDatabase(f"country database {path} can't be read: {error}") from error


def _version(reader: maxminddb.Reader) -> str:
    metadata = reader.metadata()
    built = datetime.fromtimestamp(metadata.build_epoch, UTC)
    return f"{metadata.database_type} {built:%Y-%m-%d}"


def _code(found: Mapping[str, Any]) -> str:
    # MaxMind nests the code; the flat databases of ip-location-db put it at the top.
    nested = found.get("country")
    code = nested.get("iso_code") if isinstance(nested, dict) else found.get("country_code")
    return code if isinstance(code, str) else ""
