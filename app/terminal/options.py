"""Moments that a person names in an option, e.g. ``--since 24h``."""

from datetime import datetime

from app.terminal.output import Failure
from app.times import parse_time


def read_moment(option: str, text: str | None, now: datetime) -> datetime | None:
    """Return the moment that an option names, None where it wasn't given.

    Raises:
        Failure: the text is no time; names the option.
    """
    if text is None:
        return None
    try:
        return parse_time(text, now)
    except ValueError as error:
        raise Failure(f"{option}: {error}", exit_code=2) from None


def read_since(text: str | None, now: datetime) -> datetime | None:
    """Return the moment that ``--since`` names, None where it wasn't given.

    Raises:
        Failure: the text is no time, or nothing can have happened since.
    """
    moment = read_moment("--since", text, now)
    if moment is not None and moment > now:
        raise yet_to_come(text)
    return moment


def yet_to_come(since: str | None) -> Failure:
    """Return what to say of a beginning after which nothing has happened yet."""
    return Failure(f"--since: {since!r} is yet to come", exit_code=2)
