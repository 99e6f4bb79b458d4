"""Question about clicks as options give it, for the commands that have these options."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.config.loading import load
from app.links.codes import named
from app.links.store import open_store
from app.reports.answer import Answer
from app.reports.query import BadQuery, Query
from app.reports.reading.reader import Reports
from app.reports.scope import require_links, tagged_codes
from app.reports.spellings import read
from app.terminal.options import yet_to_come
from app.terminal.output import Failure

Codes = Annotated[
    list[str] | None,
    typer.Argument(help="Short codes of links, or short links.", show_default=False),
]
Everything = Annotated[bool, typer.Option("--all", help="Count the clicks of all links.")]
Tag = Annotated[str | None, typer.Option(help="Count those of links with this tag.")]
Preset = Annotated[
    str | None,
    typer.Option(
        help="Which clicks count: today, 24h, 7d, 30d, 90d (today is one of the days), month (from"
        " its first day) or all."
    ),
]
Since = Annotated[
    str | None,
    typer.Option(
        help="First moment that counts: 2026-05-01, 2026-05-01T12:00, 24h or 7d ago; in the time"
        " zone, unless it names one.",
    ),
]
Until = Annotated[str | None, typer.Option(help="First moment that no longer counts.")]
Zone = Annotated[
    str | None, typer.Option("--tz", help="Time zone in which days begin: Europe/Berlin; UTC.")
]
Filters = Annotated[
    list[str] | None,
    typer.Option(
        "--filter",
        help="Only clicks that match: country=DE,AT, browser!=Chrome, referrer~google; with and,"
        " or, not and brackets. Several have all to match.",
        show_default=False,
    ),
]


class Asked:
    """A question as options give it; None and an empty list stand for what wasn't given.

    Raises:
        Failure: it can't be answered; names the option.
    """

    def __init__(self, **given: str | Sequence[str] | None) -> None:
        self.now = datetime.now(UTC)
        self.settings = load()
        self.links = open_store(self.settings)
        self._texts: dict[str, Sequence[str]] = {}
        self.add(**given)

    @property
    def is_given(self) -> bool:
        """Whether anything was."""
        return bool(self._texts)

    def add(self, **given: str | Sequence[str] | None) -> None:
        """Take more options."""
        for name, text in given.items():
            if text is not None and (text or isinstance(text, str)):
                self._texts[name] = [text] if isinstance(text, str) else text

    def add_scope(self, codes: Sequence[str] | None, tag: str | None, *, is_all: bool) -> None:
        """Take which links it is about: a person has to say so.

        Raises:
            Failure: nobody did, or there are two answers.
        """
        if not (codes or tag or is_all):
            raise Failure("say which links: by their codes, --tag or --all", exit_code=2)
        if is_all and (codes or tag):
            raise Failure("--all: it is all links, or those of codes or of a tag", exit_code=2)
        self.add(code=list(map(named, codes or ())), tag=tag)

    def ask(self) -> Answer:
        """Return the answer."""
        with blamed(), self.reports() as reports:
            query = self.query()
            answer = reports.ask(query, self.now, tagged_codes(query, self.links))
            require_links(answer, self.links)
            return answer

    def query(self) -> Query:
        """Return the query.

        Raises:
            BadQuery: it can't be answered.
            Failure: nothing can have happened since.
        """
        query = read(self._texts, self.now)
        if query.since is not None and query.since > self.now:
            raise yet_to_come(self._texts["since"][0])
        return query

    def reports(self) -> Reports:
        """Return who answers."""
        timeout_seconds = self.settings.clickhouse_timeout_seconds
        return Reports(self.settings.clickhouse_server, timeout_seconds=timeout_seconds)


@contextmanager
def blamed() -> Iterator[None]:
    """Have a complaint about a query name its option."""
    try:
        yield
    except BadQuery as error:
        option = "CODE" if error.field == "code" else f"--{error.field}"
        raise Failure(f"{option}: {error}", exit_code=2) from None
