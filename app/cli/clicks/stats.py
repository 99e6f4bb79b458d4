"""Commands that report on clicks: `hopline stats` and `hopline top`."""

from typing import Annotated, Literal

import typer

from app.cli.clicks.question import (
    Asked,
    Codes,
    Everything,
    Filters,
    Preset,
    Since,
    Tag,
    Until,
    Zone,
    blamed,
)
from app.cli.clicks.report import print_csv, print_report, print_top
from app.reports import json_form
from app.reports.answer import to_json
from app.reports.filters import DIMENSIONS
from app.reports.query import DEFAULT_LIMIT, METRICS
from app.reports.scope import tagged_codes
from app.reports.spellings import to_command, to_sql, to_url
from app.terminal.options import AsJson
from app.terminal.output import print_json

Spelling = Literal["url", "json", "command", "sql"]

Compare = Annotated[
    str | None,
    typer.Option(
        help="Beside it: previous (the time before, as long), year (a year ago) or weekday (whole"
        " weeks ago)."
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
    asked = Asked(period=period, since=since, until=until, tz=tz, compare=compare, filter=filters)
    asked.add_scope(codes, tag, is_all=everything)
    asked.add(by=by, interval=interval, week=week, metrics=metrics, order=order, limit=limit)
    if spelled:
        _write(asked, spelled)
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

    With --compare and --order fall, those that went quiet come first.

    \b
    hopline top --period 7d --limit 20
    hopline top --period 7d --compare previous --order fall
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


def _write(asked: Asked, spelling: Spelling) -> None:
    """Write a question itself."""
    with blamed():
        query = asked.query()
        if spelling == "json":
            print_json(json_form.to_json(query))
        elif spelling == "sql":
            with asked.reports() as reports:
                tagged = tagged_codes(query, asked.links)
                print(to_sql(reports.statement(query, asked.now, tagged)))
        else:
            print(to_url(query) if spelling == "url" else to_command(query))
