"""Command that lists links, by the search index where the lists of Redis won't do."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.config.loading import load
from app.config.settings import Settings
from app.links.codes import named
from app.links.index.file import IndexUnusable
from app.links.index.follower import NotFilled
from app.links.index.index import Hit, Hits, open_index
from app.links.index.question import Place, Question, Sort
from app.links.json import describe
from app.links.link import State
from app.links.store import LinkStore, open_store
from app.links.validation import read_tag
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json, print_table
from app.times import rfc3339


def list_(
    *,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only links with this tag, or any of several.")
    ] = None,
    all_tags: Annotated[
        list[str] | None, typer.Option("--tag-all", help="Only links with all of these tags.")
    ] = None,
    no_tags: Annotated[
        list[str] | None, typer.Option("--tag-none", help="Only links with none of these tags.")
    ] = None,
    state: Annotated[State | None, typer.Option(help="Only links in this state.")] = None,
    search: Annotated[
        str, typer.Option("--search", "-s", help="Only links with this in code, target or title.")
    ] = "",
    sort: Annotated[Sort, typer.Option(help="What is sorted by.")] = "created_at",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other end first.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most links to show.")] = 50,
    after: Annotated[
        str | None,
        typer.Option(
            help="Go on after the link with this code.",
            metavar="CODE",
            callback=lambda code: code and named(code),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List links that are not deleted, newest first.

    Whatever takes more than one tag is looked up in an index of all links, a file in this user's
    folder of data that is made at the first such question. Clicks are those that the console has
    counted last, if it keeps the same file.

    \b
    hopline links list --tag summer --state disabled
    hopline links list --search example.com --sort last_click_at
    """
    question = Question(
        any_tags=_read(tag),
        all_tags=_read(all_tags),
        no_tags=_read(no_tags),
        state=state,
        text=search,
        sort=sort,
        ascending=reverse != (sort == "code"),
    )
    settings = load()
    store = open_store(settings)
    is_plain = question == Question(any_tags=question.any_tags[:1])
    if is_plain:
        found = _listed(store, after, limit, question)
    else:
        found = _found(settings, question, after, limit)
    _show(settings, found, has_clicks=not is_plain, as_json=as_json)


def _listed(store: LinkStore, after: str | None, limit: int, question: Question) -> Hits:
    page = store.links.page(after=after, limit=limit, tag=next(iter(question.any_tags), None))
    uses = store.uses_of(page.links)
    hits = tuple(Hit(link, uses[link.code], 0, 0) for link in page.links)
    return Hits(hits, Place(0, page.after) if page.after else None, None)


def _found(settings: Settings, question: Question, after: str | None, limit: int) -> Hits:
    index = open_index(settings)
    try:
        while True:
            index.follower.fill(FillProgress())
            try:
                place = index.place(after, question.sort) if after else None
                return index.find(question, limit=limit, after=place)
            except NotFilled:
                # Lines of the trail went missing: it is filled once more.
                continue
    except IndexUnusable as error:
        raise Failure(str(error)) from None


class FillProgress:
    """Says how far the index is filled."""

    def __init__(self) -> None:
        self._said_at = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        """Say so, at most once a second."""
        if time.monotonic() - self._said_at >= 1:
            self._said_at = time.monotonic()
            complain(f"the index of links holds {done:,} of {total:,}")


def _show(settings: Settings, found: Hits, *, has_clicks: bool, as_json: bool) -> None:
    now, after = time.time(), found.after and found.after.code
    as_of = found.clicks_as_of
    if as_json:
        links = [_described(settings, hit, now, as_of, has_clicks=has_clicks) for hit in found.hits]
        counted_at = {"clicks_as_of": as_of and rfc3339(int(as_of * 1000))} if has_clicks else {}
        print_json({"links": links, "after": after, **counted_at})
        return
    columns = ("CODE", "STATE", "CREATED", "EXPIRES", "TAGS", "TARGET")
    print_table(columns, (_row(hit, now) for hit in found.hits))
    if after:
        complain(f"there are more links: go on with --after {after}")


def _described(
    settings: Settings, hit: Hit, now: float, as_of: float | None, *, has_clicks: bool
) -> dict[str, object]:
    short_url = f"{settings.link_base}/{hit.link.code}"
    shown = describe(hit.link, short_url=short_url, uses=hit.uses, now=now)
    if has_clicks:
        shown["clicks"] = None if as_of is None else hit.clicks
        shown["last_click_at"] = rfc3339(hit.last_click_ms) if hit.last_click_ms else None
    return shown


def _row(hit: Hit, now: float) -> tuple[str, ...]:
    link = hit.link
    return (
        link.code,
        link.state(now, hit.uses),
        _minute(link.created_ms / 1000),
        "" if link.expires_at is None else _minute(link.expires_at),
        ",".join(link.tags),
        link.target,
    )


def _minute(unix_seconds: float) -> str:
    return f"{datetime.fromtimestamp(unix_seconds, UTC):%Y-%m-%d %H:%M}"


def _read(tags: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(tag for text in tags or () if (tag := read_tag(text)))
