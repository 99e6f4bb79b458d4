"""Commands that add, show, list and change short links: `hopline links`."""

import time
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from app.cli.links.arguments import Code, Codes
from app.cli.links.bulk import bulk
from app.cli.links.history import history, restore
from app.cli.links.listing import list_
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
from app.cli.links.parity import parity
from app.cli.links.qr import qr
from app.cli.links.transfer import export_links, import_links
from app.config.loading import load
from app.config.settings import Settings
from app.links.json import describe
from app.links.link import Link, LinkNotFound
from app.links.store import LinkStore, open_store
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json, print_table

links = typer.Typer(
    no_args_is_help=True,
    help="Add, show, change and list short links.",
    add_completion=False,
)


@links.command()
def add(
    url: Annotated[str, typer.Argument(help="Where the link leads: http:// or https://.")],
    code: Annotated[
        str | None, typer.Option(help="The short code; made up by default.", show_default=False)
    ] = None,
    *,
    expires: Expires = None,
    limit: Limit = None,
    forward_query: ForwardQuery = None,
    status: Status = None,
    tag: Tags = None,
    title: Title = None,
    cache_control: CacheControl = None,
    as_json: AsJson = False,
) -> None:
    """Add a link and print its short URL.

    \b
    hopline links add 'https://example.com/a?b=c'
    hopline links add https://example.com/sale --code sale --expires 30d --tag summer
    """
    settings = load()
    store = open_store(settings)
    given = given_options(
        expires_at=expires,
        click_limit=limit,
        forward_query=forward_query,
        status=status,
        tags=tag,
        title=title,
        cache_control=cache_control,
    )
    with named_as_typed(target="url"):
        link = store.create({"target": url, **given}, code=code)
    if link.state(time.time()) == "expired":
        complain(f"the link {link.code} has expired already")
    _print_one(settings, store, link, as_json=as_json)


@links.command()
def show(code: Code, as_json: AsJson = False) -> None:
    """Show one link: where it leads, on which terms, and how many clicks of its limit are used."""
    settings = load()
    store = open_store(settings)
    link = store.get(code)
    shown = _describe(settings, link, store.uses(link))
    if as_json:
        print_json(shown)
    else:
        print_table(("NAME", "VALUE"), ((name, _text(value)) for name, value in shown.items()))


@links.command()
def update(
    code: Code,
    target: Annotated[
        str | None, typer.Option(help="Where the link leads from now on.", metavar="URL")
    ] = None,
    *,
    expires: Expires = None,
    limit: Limit = None,
    forward_query: ForwardQuery = None,
    status: Status = None,
    tag: Tags = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Take all tags off.")] = False,
    title: Title = None,
    cache_control: CacheControl = None,
    as_json: AsJson = False,
) -> None:
    """Change what is given, and leave the rest of the link as it is.

    \b
    hopline links update sale --target https://example.com/autumn --expires never
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
    )
    if not given:
        raise Failure("say what to change, e.g. --target URL", exit_code=2)
    settings = load()
    store = open_store(settings)
    with named_as_typed(target="--target"):
        link = store.update(code, given)
    _print_one(settings, store, link, as_json=as_json)


@links.command()
def disable(codes: Codes) -> None:
    """Switch links off: they answer 410 until they are enabled again."""
    _each(codes, lambda store, code: store.update(code, {"disabled": True}))


@links.command()
def enable(codes: Codes) -> None:
    """Switch disabled links on again."""
    _each(codes, lambda store, code: store.update(code, {"disabled": False}))


@links.command()
def rm(codes: Codes) -> None:
    """Delete links: they answer 410, and their codes stay taken; `history` leads back to one."""
    _each(codes, lambda store, code: store.delete(code))


links.add_typer(bulk, name="bulk")
links.command("import")(import_links)
links.command("export")(export_links)
links.command()(parity)
links.command()(qr)
links.command("list")(list_)
links.command()(history)
links.command()(restore)


def _each(codes: Iterable[str], change: Callable[[LinkStore, str], object]) -> None:
    """Change every link; those that are not found don't stop the others."""
    store = open_store(load())
    missing = 0
    for code in codes:
        try:
            change(store, code)
        except LinkNotFound as error:
            complain(str(error))
            missing += 1
    if missing:
        raise typer.Exit(1)


def _print_one(settings: Settings, store: LinkStore, link: Link, *, as_json: bool) -> None:
    if as_json:
        print_json(_describe(settings, link, store.uses(link)))
    else:
        print(_short_url(settings, link))


def _describe(settings: Settings, link: Link, uses: int) -> dict[str, object]:
    return describe(link, short_url=_short_url(settings, link), uses=uses, now=time.time())


def _short_url(settings: Settings, link: Link) -> str:
    return f"{settings.link_base}/{link.code}"


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
