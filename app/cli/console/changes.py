"""Command that shows who changed links, API keys and webhooks: `hopline changes`."""

from typing import Annotated

import typer

from app.changes.change import difference_text
from app.changes.trail import BadCursor, Line, describe, open_trail
from app.config.loading import load
from app.keys.credential import id_in
from app.links.codes import named
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, one_line, print_json, print_table
from app.times import rfc3339


def changes(
    link: Annotated[
        str | None,
        typer.Option(
            help="Only changes of this link.",
            metavar="CODE",
            callback=lambda code: code and named(code),
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Only changes of this API key.", metavar="ID")
    ] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most changes to show.")] = 50,
    after: Annotated[
        str | None, typer.Option(help="Go on after the change with this id.", metavar="ID")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show who changed which links, API keys and webhooks, the newest change first.

    Each change leaves its line in the same step, whether made at a terminal, by an import or by
    HTTP; a piece of an import is one line that counts its links. The last 100,000 are kept, in 64
    MB.

    \b
    hopline changes --link sale
    hopline changes --limit 1000 --json
    """
    if link and key:
        raise Failure("give either --link or --key", exit_code=2)
    if key and (key := id_in(key)) is None:
        raise Failure("--key: that is no key's id", exit_code=2)
    try:
        page = open_trail(load()).page(after=after, limit=limit, subject=link or key or "")
    except BadCursor as error:
        raise Failure(f"--after: {error}", exit_code=2) from None
    if as_json:
        print_json({"changes": list(map(describe, page.lines)), "after": page.after})
        return
    print_table(("TIME", "WHAT", "OF", "WHO", "VIA", "CHANGE"), map(_row, page.lines))
    if page.after:
        complain(f"there are more changes: go on with --after {page.after}")


def _row(line: Line) -> tuple[str, ...]:
    change = line.change
    author = change.author
    who = f"{author.who} ({author.name})" if author.name else author.who
    told = (
        rfc3339(line.made_ms),
        change.what,
        change.subject,
        who,
        author.via,
        difference_text(change),
    )
    return tuple(map(one_line, told))
