"""Variables of the environment that settings are read from: their names, and paths in them."""

import os
from pathlib import Path

import platformdirs

from app.config.masking import show_refused
from app.config.types import absolute

PREFIX = "HOPLINE_"
_CACHE_OF_THE_HOMELESS = Path("/var/cache/hopline")


class SettingsError(Exception):
    """A variable holds a value that can't be used; the text names variable, value and need."""


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + field.upper()


def default_data_dir() -> Path:
    """Return the data directory, which is looked into before all settings are read."""
    return path_set_in("data_dir") or _absolute("data_dir", platformdirs.user_data_dir("hopline"))


def cache_dir() -> Path:
    """Return where fetched stores are kept by default."""
    try:
        return absolute(Path(platformdirs.user_cache_dir("hopline")))
    except ValueError:
        # A user without a home, as in containers; services that fetch nothing run all the same.
        return _CACHE_OF_THE_HOMELESS


def path_set_in(field: str) -> Path | None:
    """Return the path in a field's variable; None where it isn't set."""
    given = os.environ.get(variable(field))
    return _absolute(field, given) if given else None


def _absolute(field: str, given: str) -> Path:
    try:
        return absolute(Path(given))
    except ValueError as error:
        raise SettingsError(f"{show_given(field, given)}: {error}") from None


def show_given(field: str, given: object) -> str:
    """Return a value that can't be used beside its variable, without what may be a secret."""
    return f"{variable(field)}={show_refused(field, given)!r}"
