"""Commands that show what a link was and restore it: `hopline links history` and `restore`."""

from typing import Annotated

import typer

from app.changes.change import Change, difference_text
from app.changes.trail import open_trail
from app.cli.links.arguments import Code
from app.config.loading import load
from app.links.history import History, Version, describe
from app.links.store import open_store
from app.terminal.options import AsJson
from app.terminal.output import complain, one_line, print_json, print_table
from app.times import rfc3339


def history(
    code: Code,
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most versions to show.")] = 50,
    after: Annotated[
        str | None, typer.Option(help="Go on after the version with this id.", metavar="VERSION")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a link is and was, newest version first, also of one that was deleted.

    Versions come from the trail of changes, see `hopline changes`. What no line tells of, because
    the link was imported along with others or long ago, is the version `first`.

    \b
    hopline links history sale
    hopline links restore sale 1796084574071-0
    """
    page = _open().page(code, after=after, limit=limit)
    if as_json:
        print_json({"versions": list(map(describe, page.versions)), "after": page.after})
        return
    print_table(("VERSION", "SINCE", "WHAT", "WHO", "CHANGE", "TARGET"), map(_row, page.versions))
    if page.after:
        complain(f"there are more versions: go on with --after {page.after}")


def restore(
    code: Code,
    version: Annotated[str, typer.Argument(help="As `hopline links history CODE` shows it.")],
) -> None:
    """Make a link again what it was, also one that was deleted since.

    A limit goes on from the clicks that were used; tags, title, expiry and all else are as they
    were in that version.

    \b
    hopline links restore sale 1796084574071-0
    """
    link = _open().restore(code, version)
    print(f"{load().link_base}/{link.code}")


def _open() -> History:
    settings = load()
    return History(open_store(settings), open_trail(settings))


def _row(version: Version) -> tuple[str, ...]:
    change = version.change
    told = (
        version.id,
        rfc3339(version.made_ms),
        change.what if change else "",
        change.author.who if change else "",
        _difference(change),
        version.link.target,
    )
    return tuple(map(one_line, told))


def _difference(change: Change | None) -> str:
    # A new link's row shows what it is, and where it leads.
    return difference_text(change) if change and change.before else ""
