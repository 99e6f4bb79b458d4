"""Commands that say which programs may ask the console, and for what: `hopline keys`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.config.loading import load
from app.keys.caller import SCOPES, YOURLS_SCOPES, Scope
from app.keys.credential import Credential, id_in
from app.keys.json import describe
from app.keys.key import ApiKey
from app.keys.signature import Signature
from app.keys.store import InvalidKey, KeyNotFound, open_keys
from app.links.validation import InvalidLink, read_tag
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json, print_table
from app.times import parse_time

keys = typer.Typer(
    no_args_is_help=True,
    help="Say which programs may ask the console, and for what.",
    add_completion=False,
)


def _scope(text: str) -> Scope:
    for scope in SCOPES:
        if scope == text:
            return scope
    raise Failure(f"--scope: {text!r} is none of {', '.join(SCOPES)}", exit_code=2)


def _id(text: str) -> str:
    key_id = id_in(text)
    if key_id is None:
        # What was typed may be a secret with a slip in it.
        raise typer.BadParameter("that is no key: give its id, as `hopline keys list` shows it")
    return key_id


Id = Annotated[str, typer.Argument(metavar="ID", help="The key's id.", callback=_id)]


@keys.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it: who holds it, and what for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help=f"What it may do: {', '.join(SCOPES)}; give it again for more.",
            show_default=False,
        ),
    ] = None,
    *,
    yourls: Annotated[
        bool,
        typer.Option(
            "--yourls",
            help="A signature for YOURLS' clients, good for /yourls-api.php alone; without --scope"
            f" it has all of {', '.join(sorted(YOURLS_SCOPES))}.",
        ),
    ] = False,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="Only links that carry it; give it again for more of them."),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option(help="Until when it is good: 2027-01-01, 12h, 90d.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a key and print it, this once: what is kept can't be turned back into it.

    Programs send it as `Authorization: Bearer hop_…`, YOURLS' clients as `signature`; theirs is
    kept as it is, for they may send a digest of it. From the first key on, the console answers
    nobody who sends neither a key nor HOPLINE_CONSOLE_TOKEN.

    \b
    hopline keys add 'weekly report' --scope stats:read --expires 90d
    hopline keys add shop --scope links:read --scope links:write --tag shop
    hopline keys add ShareX --yourls --scope links:write
    """
    now = datetime.now(UTC)
    if not scope and not yourls:
        raise Failure("say what it may do: --scope, or --yourls", exit_code=2)
    scopes = {_scope(each) for each in scope or ()} or YOURLS_SCOPES
    try:
        key, credential = open_keys(load()).add(
            name,
            sorted(scopes),
            tags=sorted({read_tag(each) for each in tag or ()}),
            expires_at=None if expires is None else _ahead("--expires", expires, now),
            of_yourls=yourls,
        )
    except InvalidLink as error:
        raise Failure(f"--tag: {error.faults['tag']}", exit_code=2) from None
    except InvalidKey as error:
        raise Failure(str(error), exit_code=2) from None
    _print_credential(key, credential, as_json=as_json)


@keys.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all keys, the oldest first, expired and revoked ones among them."""
    store = open_keys(load())
    used_at, now = store.used_at(), time.time()
    found = [describe(key, used_at, now) for key in store.all()]
    if as_json:
        print_json({"keys": found})
        return
    names = ("id", "state", "created_at", "expires_at", "last_used_at", "scopes", "tags", "name")
    columns = ("ID", "STATE", "CREATED", "EXPIRES", "LAST USED", "SCOPES", "TAGS", "NAME")
    print_table(columns, ([_text(key[name]) for name in names] for key in found))


@keys.command()
def revoke(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...",
            help="Ids, or whole keys.",
            callback=lambda texts: [_id(text) for text in texts],
        ),
    ],
) -> None:
    """Have keys refused within a second, for good.

    \b
    hopline keys revoke 4f9s0c2m1xqa
    """
    store = open_keys(load())
    missing = [key_id for key_id in ids if not _is_found(store.revoke, key_id)]
    if missing:
        raise typer.Exit(1)


@keys.command()
def rotate(
    key_id: Id,
    overlap: Annotated[
        str | None,
        typer.Option(help="How long the secret before is good still, e.g. 1h.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Give a key a new secret and print it; id, scopes and tags stay.

    \b
    hopline keys rotate 4f9s0c2m1xqa --overlap 1h
    """
    now = datetime.now(UTC)
    until = None if overlap is None else _ahead("--overlap", overlap, now)
    seconds = 0 if until is None else until - int(now.timestamp())
    key, credential = open_keys(load()).rotate(key_id, seconds)
    _print_credential(key, credential, as_json=as_json)


def _is_found(change: Callable[[str], ApiKey], key_id: str) -> bool:
    try:
        change(key_id)
    except KeyNotFound as error:
        complain(str(error))
        return False
    return True


def _ahead(option: str, text: str, now: datetime) -> int:
    """Return the Unix seconds of a time that is yet to come."""
    try:
        time_ahead = parse_time(text, now, amounts="ahead")
    except ValueError as error:
        raise Failure(f"{option}: {error}", exit_code=2) from None
    if time_ahead <= now:
        raise Failure(f"{option}: {text!r} has passed already", exit_code=2)
    return int(time_ahead.timestamp())


def _print_credential(key: ApiKey, credential: Credential | Signature, *, as_json: bool) -> None:
    if as_json:
        print_json({**describe(key, {}, time.time()), "key": credential.text})
        return
    print(credential.text)
    complain(f"keep it now, it isn't shown again; its id is {key.id}")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else str(value)
