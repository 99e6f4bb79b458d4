"""Commands that say whom to tell of clicks and of changes of links: `hopline webhooks`."""

import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from app.config.loading import load
from app.terminal.options import AsJson
from app.terminal.output import Failure, complain, print_json, print_table
from app.times import parse_time
from app.webhooks import delivery as delivered
from app.webhooks.deliveries import Deliveries, open_deliveries
from app.webhooks.delivery import STATES, Delivery, State
from app.webhooks.health import describe
from app.webhooks.store import WebhookNotFound, open_webhooks
from app.webhooks.terms import InvalidWebhook
from app.webhooks.webhook import EVENTS, Webhook

#: How long `hopline webhooks test` waits for what comes of it.
_TEST_SECONDS = 30.0
_LOOK_SECONDS = 0.1

webhooks = typer.Typer(
    no_args_is_help=True,
    help="Say whom to tell of clicks and of changes of links.",
    add_completion=False,
)

Id = Annotated[str, typer.Argument(metavar="ID", help="The webhook's id.", show_default=False)]


@webhooks.command()
def add(
    url: Annotated[str, typer.Argument(help="Where deliveries go.", show_default=False)],
    event: Annotated[
        list[str],
        typer.Option(help=f"What it is told of: {', '.join(EVENTS)}; give it again for more."),
    ],
    *,
    name: Annotated[str, typer.Option(help="What people call it.")] = "",
    tag: Annotated[
        list[str] | None,
        typer.Option(help="Only of links that carry it; give it again for more of them."),
    ] = None,
    code: Annotated[
        list[str] | None,
        typer.Option(help="Only of the link with this code; give it again for more of them."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a webhook and print the secret that its deliveries are signed with, this once.

    \b
    hopline webhooks add https://example.com/hook --event click.batch --tag shop
    hopline webhooks add https://example.com/hook --event link.expired --event link.used_up
    """
    given = {"url": url, "events": event, "name": name, "tags": tag or [], "codes": code or []}
    try:
        webhook = open_webhooks(load()).add(given)
    except InvalidWebhook as error:
        raise Failure(str(error), exit_code=2) from None
    _print_secret(webhook, as_json=as_json)


@webhooks.command("list")
def list_(as_json: AsJson = False) -> None:
    """List all webhooks, the oldest first, and how their receivers fare."""
    settings = load()
    found = open_webhooks(settings).all()
    deliveries = open_deliveries(settings)
    health = deliveries.health()
    waiting = deliveries.waiting([webhook.id for webhook in found])
    told = [describe(webhook, health, waiting) for webhook in found]
    if as_json:
        print_json({"webhooks": told})
        return
    names = ("id", "waiting", "failing_since", "events", "tags", "codes", "url", "name")
    columns = ("ID", "STATE", "WAITING", "FAILING SINCE", "EVENTS", "TAGS", "CODES", "URL", "NAME")
    print_table(columns, ([_text(cell) for cell in _cells(each, names)] for each in told))


@webhooks.command()
def rm(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids.", show_default=False)],
) -> None:
    """Take webhooks away, with all that waits for them."""
    store = open_webhooks(load())
    missing = 0
    for webhook_id in ids:
        try:
            store.delete(webhook_id)
        except WebhookNotFound as error:
            complain(str(error))
            missing += 1
    if missing:
        raise typer.Exit(1)


@webhooks.command()
def enable(webhook_id: Id) -> None:
    """Send to a webhook again that is disabled: what waits, and what happens from now on."""
    open_webhooks(load()).update(webhook_id, {"disabled": False})


@webhooks.command()
def disable(webhook_id: Id) -> None:
    """Send nothing to a webhook any more; what waits, waits on."""
    open_webhooks(load()).update(webhook_id, {"disabled": True})


@webhooks.command()
def rotate(
    webhook_id: Id,
    overlap: Annotated[
        str, typer.Option(help="How long deliveries are signed with the secret before as well.")
    ] = "24h",
    as_json: AsJson = False,
) -> None:
    """Give a webhook a new secret and print it; for a while deliveries carry both signatures.

    \b
    hopline webhooks rotate 7d3k9w2m1xqa --overlap 1h
    """
    now = datetime.now(UTC)
    try:
        ahead = parse_time(overlap, now, amounts="ahead")
    except ValueError as error:
        raise Failure(f"--overlap: {error}", exit_code=2) from None
    if ahead < now:
        raise Failure(f"--overlap: {overlap!r} has passed already", exit_code=2)
    webhook = open_webhooks(load()).rotate(webhook_id, round((ahead - now).total_seconds()))
    _print_secret(webhook, as_json=as_json)


@webhooks.command("test")
def try_(webhook_id: Id, as_json: AsJson = False) -> None:
    """Send a webhook something to try it, and tell what came of it; 1 unless it was delivered."""
    settings = load()
    webhook = open_webhooks(settings).get(webhook_id)
    deliveries = open_deliveries(settings)
    sent = _awaited(deliveries, deliveries.send_test(webhook))
    if as_json:
        print_json(delivered.describe(sent))
    else:
        print(_outcome(sent))
    if sent.state != "delivered":
        raise typer.Exit(1)


@webhooks.command()
def deliveries(
    webhook_id: Id,
    *,
    state: Annotated[
        str | None, typer.Option(help=f"Only those that are {', '.join(STATES)}.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most that are shown.")] = 20,
    body: Annotated[
        str | None, typer.Option(metavar="DELIVERY", help="Print the body of this one.")
    ] = None,
    again: Annotated[
        str | None, typer.Option(metavar="DELIVERY", help="Send this one again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what was and will be sent to a webhook, the newest first, and what came of it.

    \b
    hopline webhooks deliveries 7d3k9w2m1xqa --state failed
    """
    settings = load()
    open_webhooks(settings).get(webhook_id)
    held = open_deliveries(settings)
    if body:
        sys.stdout.write(held.get(webhook_id, body)[1].decode() + "\n")
        return
    if again:
        held.send_again(webhook_id, again)
        return
    page = held.page(webhook_id, state=_state(state), limit=limit)
    told = [delivered.describe(each) for each in page.deliveries]
    if as_json:
        print_json({"deliveries": told})
        return
    names = ("id", "created_at", "event", "state", "clicks", "tries")
    columns = ("ID", "CREATED", "EVENT", "STATE", "CLICKS", "TRIES", "LAST ANSWER")
    rows = (
        [*(_text(row[name]) for name in names), _last(each)]
        for row, each in zip(told, page.deliveries, strict=True)
    )
    print_table(columns, rows)


def _awaited(deliveries_: Deliveries, sent: Delivery) -> Delivery:
    """Return a delivery once it was tried, or as it is when nobody has tried it for long."""
    end = time.monotonic() + _TEST_SECONDS
    while not sent.tries and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
        sent, _ = deliveries_.get(sent.webhook, sent.id)
    return sent


def _outcome(sent: Delivery) -> str:
    if not sent.tries:
        return f"{sent.id} waits: is the webhook enabled, and do the workers run?"
    return f"{sent.id} {sent.state}: {_last(sent)}"


def _last(sent: Delivery) -> str:
    if not sent.attempts:
        return ""
    attempt = sent.attempts[-1]
    return " ".join(filter(None, (str(attempt.status or ""), attempt.error)))


def _state(text: str | None) -> State | None:
    for state in STATES:
        if state == text:
            return state
    if text is not None:
        raise Failure(f"--state: {text!r} is none of {', '.join(STATES)}", exit_code=2)
    return None


def _cells(told: dict[str, Any], names: tuple[str, ...]) -> list[object]:
    state = "disabled" if told["disabled"] else "failing" if told["failures"] else "live"
    first, *others = (told[name] for name in names)
    return [first, state, *others]


def _print_secret(webhook: Webhook, *, as_json: bool) -> None:
    if as_json:
        print_json({**describe(webhook, {}, {}), "secret": webhook.secret})
        return
    print(webhook.secret)
    complain(f"keep it now, it isn't shown again; the webhook's id is {webhook.id}")


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "" if value is None else str(value)
