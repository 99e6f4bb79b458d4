"""Commands that change or delete many links, each with its outcome: `hopline links bulk`."""

import csv
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, replace
from itertools import chain
from typing import Annotated
from uuid import uuid4

import orjson
import typer

from app.changes.author import local_author
from app.cli.links.listing import FillProgress
from app.cli.links.options import (
    CacheControl,
    Expires,
    ForwardQuery,
    Limit,
    Status,
    Tags,
    Title,
    given_options,
    named_as_typed,
)
from app.config.loading import load
from app.links.files.encoding import UnreadableFile
from app.links.files.export import Format
from app.links.files.rows import read_codes
from app.links.index.file import IndexUnusable
from app.links.index.finder import CountDiffers, Finder
from app.links.index.follower import NotFilled
from app.links.index.index import open_index
from app.links.index.question import Question
from app.links.link import Link, State
from app.links.many import Outcome, bury, change_each
from app.links.store import open_store
from app.links.validation import InvalidLink, read_tag
from app.stores.redis.errors import RedisError
from app.terminal.formulas import neutralised
from app.terminal.output import Failure, complain
from app.terminal.progress import counted

bulk = typer.Typer(
    no_args_is_help=True,
    help="Change or delete many links at once: those of a file, or those that a filter finds.",
    add_completion=False,
)

File = Annotated[
    typer.FileBinaryRead | None,
    typer.Argument(
        help="CSV or JSON lines with the codes of the links as `code`; - for standard input.",
        show_default=False,
    ),
]
AnyTags = Annotated[
    list[str] | None, typer.Option("--where-tag", help="Links with this tag, or any of several.")
]
AllTags = Annotated[
    list[str] | None, typer.Option("--where-tag-all", help="Links with all of these tags.")
]
NoTags = Annotated[
    list[str] | None, typer.Option("--where-tag-none", help="Links with none of these tags.")
]
InState = Annotated[State | None, typer.Option("--where-state", help="Links in this state.")]
WithText = Annotated[
    str, typer.Option("--where-text", help="Links with this in code, target or title.")
]
Expect = Annotated[
    int | None,
    typer.Option(min=0, help="How many links the filter finds; of another number none is changed."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would become of each link, and change nothing.")
]
Form = Annotated[Format, typer.Option("--format", help="Of what is said of each link.")]


@bulk.command()
def update(
    file: File = None,
    *,
    where_tag: AnyTags = None,
    where_tag_all: AllTags = None,
    where_tag_none: NoTags = None,
    where_state: InState = None,
    where_text: WithText = "",
    expect: Expect = None,
    target: Annotated[
        str | None, typer.Option(help="Where the links lead from now on.", metavar="URL")
    ] = None,
    expires: Expires = None,
    limit: Limit = None,
    forward_query: ForwardQuery = None,
    status: Status = None,
    tag: Tags = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Take all tags off.")] = False,
    title: Title = None,
    cache_control: CacheControl = None,
    disabled: Annotated[
        bool | None,
        typer.Option("--disable/--enable", help="Switch them off, or on.", show_default=False),
    ] = None,
    dry_run: DryRun = False,
    form: Form = "csv",
) -> None:
    """Change what is given of many links, and leave the rest as it is.

    A line is written for each link: its code, `updated`, `unchanged`, `not_found` or `refused`, and
    why. It can be repeated: links that are so already stay unchanged. Exit code 1 where some were
    refused or not found.

    \b
    hopline links bulk update codes.csv --expires 2027-01-01 --dry-run
    hopline links bulk update --where-tag summer --expect 120 --disable
    """
    given = given_options(
        target=target,
        expires_at=expires,
        click_limit=limit,
        forward_query=forward_query,
        status=status,
        tags=[] if no_tags else tag,
        title=title,
        cache_control=cache_control,
        disabled=disabled,
    )
    if not given:
        raise Failure("say what to change, e.g. --disable", exit_code=2)
    with named_as_typed(target="--target"):
        held = open_store(load()).check(given)
    question = _question(where_tag, where_tag_all, where_tag_none, where_state, where_text)
    codes = _meant(file, question, expect)
    _carry_out("update", codes, lambda link: replace(link, **held), form, dry_run=dry_run)


@bulk.command()
def rm(
    file: File = None,
    *,
    where_tag: AnyTags = None,
    where_tag_all: AllTags = None,
    where_tag_none: NoTags = None,
    where_state: InState = None,
    where_text: WithText = "",
    expect: Expect = None,
    dry_run: DryRun = False,
    form: Form = "csv",
) -> None:
    """Delete many links: they answer 410, and their codes stay taken; `history` leads back to one.

    A line is written for each link: its code, `deleted`, `unchanged` where it was before,
    `not_found` or `refused`, and why. It can be repeated.

    \b
    hopline links bulk rm codes.csv
    hopline links bulk rm --where-state expired --expect 4012 --format jsonl
    """
    question = _question(where_tag, where_tag_all, where_tag_none, where_state, where_text)
    _carry_out("rm", _meant(file, question, expect), bury, form, dry_run=dry_run)


def _question(
    any_tags: list[str] | None,
    all_tags: list[str] | None,
    no_tags: list[str] | None,
    state: State | None,
    text: str,
) -> Question:
    try:
        return Question(
            any_tags=_read(any_tags),
            all_tags=_read(all_tags),
            no_tags=_read(no_tags),
            state=state,
            text=text,
        )
    except InvalidLink as error:
        raise Failure(str(error), exit_code=2) from None


def _read(tags: list[str] | None) -> tuple[str, ...]:
    return tuple(sorted({tag for text in tags or () if (tag := read_tag(text))}))


def _meant(
    file: typer.FileBinaryRead | None, question: Question, expect: int | None
) -> Iterable[str | Outcome]:
    """Return the codes of the links that are meant, and what is wrong with lines that hold none."""
    if (file is None) == (question == Question()):
        raise Failure("give either a file of codes or a filter, e.g. --where-tag", exit_code=2)
    if file is None:
        return _found(question, expect)
    if expect is not None:
        raise Failure("--expect goes with a filter, not with a file", exit_code=2)
    try:
        # All of them before the first link is changed, so that no file is half read.
        return [
            Outcome("", "refused", f"line {line}: {code}")
            if isinstance(code, InvalidLink)
            else code
            for line, code in read_codes(file)
        ]
    except UnreadableFile as error:
        raise Failure(str(error)) from None


def _found(question: Question, expect: int | None) -> list[str]:
    settings = load()
    index = open_index(settings)
    finder = Finder(open_store(settings), index)
    if expect is None:
        raise Failure("--expect is missing: say how many links the filter finds", exit_code=2)
    while True:
        try:
            return finder.meant(question, expect, time.time())
        except NotFilled:
            index.follower.fill(FillProgress())
        except (CountDiffers, IndexUnusable) as error:
            raise Failure(str(error)) from None


def _carry_out(
    command: str,
    meant: Iterable[str | Outcome],
    change: Callable[[Link], Link],
    form: Format,
    *,
    dry_run: bool,
) -> None:
    author = local_author(f"hopline links bulk {command}", request_id=uuid4().hex)
    store = open_store(load()).by(author)
    held = list(meant)
    codes = [each for each in held if isinstance(each, str)]
    bad = [each for each in held if isinstance(each, Outcome)]
    kinds = Counter[str]()
    say = _writer(form)
    try:
        changed = change_each(store, codes, change, dry_run=dry_run)
        for outcome in _watched(chain(bad, changed), len(held)):
            kinds[outcome.kind] += 1
            say(outcome)
    except RedisError:
        complain(f"{kinds.total()} links were dealt with; the same can be repeated")
        raise
    told = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
    complain(f"{'would be: ' if dry_run else ''}{told or 'no links'}")
    if kinds["refused"] or kinds["not_found"]:
        raise typer.Exit(1)


def _watched(outcomes: Iterator[Outcome], total: int) -> Iterable[Outcome]:
    # On a terminal the lines themselves are the progress.
    return outcomes if sys.stdout.isatty() else counted(outcomes, "links", total=total)


def _writer(form: Format) -> Callable[[Outcome], object]:
    """Return what writes a line of what became of a link."""
    if form == "jsonl":
        return lambda outcome: print(orjson.dumps(_plain(outcome)).decode())
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(("code", "outcome", "reason"))
    return lambda outcome: rows.writerow(
        (neutralised(outcome.code), outcome.kind, neutralised(outcome.reason))
    )


def _plain(outcome: Outcome) -> dict[str, object]:
    held = asdict(outcome)
    return {"code": held["code"], "outcome": held["kind"], "reason": held["reason"] or None}
