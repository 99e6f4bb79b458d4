"""Options that several commands have, and what a person says in them, e.g. ``--since 24h``."""

import sys
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Annotated

import typer

from app.terminal.output import Failure
from app.times import parse_time

AsJson = Annotated[bool, typer.Option("--json", help="Write JSON.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]
Since = Annotated[
    str | None,
    typer.Option(help="Only clicks since: 2026-05-01T12:00, 24h.", show_default=False),
]
Until = Annotated[str | None, typer.Option(help="Only clicks before.", show_default=False)]


def confirm(deleting: str, question: str) -> None:
    """Ask a person before something is deleted for good.

    Args:
        deleting: what is done, for those that can't be asked.

    Raises:
        Failure: nobody is there to be asked.
        Abort: the answer is no.
    """
    if not sys.stdin.isatty():
        text = f"{deleting} deletes clicks for good: say --yes, or try --dry-run"
        raise Failure(text, exit_code=2)
    typer.confirm(question, abort=True)


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


def read_columns(texts: Iterable[str], ours: Collection[str]) -> dict[str, str]:
    """Return by our names what ``--column OURS=THEIRS`` says that a file calls them.

    Args:
        ours: names that there are.

    Raises:
        Failure: that isn't how to say it.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, theirs = (part.strip() for part in text.partition("="))
        if name not in ours or not sign:
            raise Failure(
                f"--column {text!r}: expected OURS=THEIRS, with one of {', '.join(ours)} before"
                " the sign",
                exit_code=2,
            )
        found[name] = theirs
    return found
