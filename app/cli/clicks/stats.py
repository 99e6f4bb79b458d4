"""Commands that report on clicks: `hopline stats` and `hopline top`."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Literal

import typer

from app.cli.clicks.report import print_csv, print_report, print_top
from app.config.loading import load
from app.links.codes import named
from app.links.store import open_store
from app.reports import json_form
from app.reports.answer import Answer, to_json
from app.reports.filters import DIMENSIONS
from app.reports.query import DEFAULT_LIMIT, METRICS, BadQuery, Query
from app.reports.reader import Reports
from app.reports.scope import require_links, tagged_codes
from app.reports.spellings import read, to_command, to_sql, to_url
from app.terminal.options import AsJson, yet_to_come
from app.terminal.output import Failure, print_json

Spelling = Literal["url", "json", "command", "sql"]

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
Compare = Annotated[
    str | None,
    typer.Option(
        help="Beside it: previous (the time before, as long), year (a year ago) or weekday (whole"
        " weeks ago)."
    ),
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
By = Annotated[
    list[str] | None,
    typer.Option(
        help=f"What to break clicks down by, with commas: {', '.join(DIMENSIONS)}; or none.",
        show_default=False,
    ),
]
Step = Annotated[
    str | None,
    typer.Option(
        "--interval",
        help="Step of the timeline: minute, hour, day, week, month; by default what suits.",
    ),
]
Week = Annotated[str | None, typer.Option(help="Day that weeks begin with: monday or sunday.")]
Metrics = Annotated[
    list[str] | None,
    typer.Option(help=f"What to count, with commas: {', '.join(METRICS)}.", show_default=False),
]
Order = Annotated[
    str | None,
    typer.Option(
        help="Order of a breakdown's rows: humans, clicks, bots, visitors, name; with --compare,"
        " rise or fall."
    ),
]
Limit = Annotated[
    str | None, typer.Option(help=f"Most rows of a breakdown, {DEFAULT_LIMIT} by default.")
]
AsCsv = Annotated[bool, typer.Option("--csv", help="Write CSV.")]
Spelled = Annotated[
    Spelling | None,
    typer.Option("--as", help="Ask nothing; write the question as this, to be used elsewhere."),
]


def stats(
    codes: Codes = None,
    *,
    everything: Everything = False,
    tag: Tag = None,
    period: Preset = None,
    since: Since = None,
    until: Until = None,
    tz: Zone = None,
    compare: Compare = None,
    filters: Filters = None,
    by: By = None,
    interval: Step = None,
    week: Week = None,
    metrics: Metrics = None,
    order: Order = None,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
    spelled: Spelled = None,
) -> None:
    """Show clicks: people and bots apart, over time, and by what they came with.

    \b
    hopline stats demo1 --since 7d
    hopline stats demo1 --by country,target --json
    hopline stats --all --period 30d --compare previous --tz Europe/Berlin
    hopline stats demo1 --filter 'country=DE,AT and not browser~chrome'
    """
    if not (codes or everything or tag):
        raise Failure("say which links: by their codes, --tag or --all", exit_code=2)
    if everything and (codes or tag):
        raise Failure("--all: it is all links, or those of codes or of a tag", exit_code=2)
    asked = Asked(
        tag=tag, period=period, since=since, until=until, tz=tz, compare=compare, filter=filters
    )
    asked.add(by=by, interval=interval, week=week, metrics=metrics, order=order, limit=limit)
    asked.add(code=list(map(named, codes or ())))
    if spelled:
        asked.write(spelled)
        return
    answer = asked.ask()
    if as_json:
        print_json(to_json(answer))
    elif as_csv:
        print_csv(answer)
    else:
        print_report(answer)


def top(
    *,
    by: Annotated[
        str, typer.Option(help="What to rank: link, or what `stats --by` names.")
    ] = "link",
    tag: Tag = None,
    period: Preset = None,
    since: Since = None,
    until: Until = None,
    tz: Zone = None,
    compare: Compare = None,
    filters: Filters = None,
    order: Order = None,
    limit: Limit = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show which links were followed most: all of them, or those with a tag.

    \b
    hopline top --period 7d --limit 20
    hopline top --period 7d --compare previous --order fall     links that went quiet
    hopline top --by referrer --filter 'country=DE'
    """
    asked = Asked(
        tag=tag, period=period, since=since, until=until, tz=tz, compare=compare, filter=filters
    )
    asked.add(by=by, order=order, limit=limit)
    answer = asked.ask()
    if as_json:
        print_json(to_json(answer))
    elif as_csv:
        print_csv(answer)
    else:
        print_top(answer)


class Asked:
    """A question as options give it; None and an empty list stand for what wasn't given.

    Raises:
        Failure: it can't be answered; names the option.
    """

    def __init__(self, **given: str | Sequence[str] | None) -> None:
        self._now = datetime.now(UTC)
        self._settings = load()
        self._links = open_store(self._settings)
        self._texts: dict[str, Sequence[str]] = {}
        self.add(**given)

    def add(self, **given: str | Sequence[str] | None) -> None:
        """Take more options."""
        for name, text in given.items():
            if text is not None and (text or isinstance(text, str)):
                self._texts[name] = [text] if isinstance(text, str) else text

    def ask(self) -> Answer:
        """Return the answer."""
        with self._blamed(), self._reports() as reports:
            query = self._query()
            answer = reports.ask(query, self._now, tagged_codes(query, self._links))
            require_links(answer, self._links)
            return answer

    def write(self, spelling: Spelling) -> None:
        """Write the question itself."""
        with self._blamed():
            query = self._query()
            if spelling == "json":
                print_json(json_form.to_json(query))
            elif spelling == "sql":
                with self._reports() as reports:
                    tagged = tagged_codes(query, self._links)
                    print(to_sql(reports.statement(query, self._now, tagged)))
            else:
                print(to_url(query) if spelling == "url" else to_command(query))

    def _query(self) -> Query:
        query = read(self._texts, self._now)
        if query.since is not None and query.since > self._now:
            raise yet_to_come(self._texts["since"][0])
        return query

    def _reports(self) -> Reports:
        timeout_seconds = self._settings.clickhouse_timeout_seconds
        return Reports(self._settings.clickhouse_server, timeout_seconds=timeout_seconds)

    @staticmethod
    @contextmanager
    def _blamed() -> Iterator[None]:
        """Have a complaint about a query name its option."""
        try:
            yield
        except BadQuery as error:
            option = "CODE" if error.field == "code" else f"--{error.field}"
            raise Failure(f"{option}: {error}", exit_code=2) from None
