"""Commands that show clicks which could not be processed, and send them again: `hopline dead`."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.changes.author import local_author
from app.changes.trail import open_trail
from app.config.loading import load
from app.config.settings import Settings
from app.dead_letters.json import as_text, describe, letter_time
from app.dead_letters.letter import DeadLetter
from app.dead_letters.noted import NotedLetters, Outcome
from app.dead_letters.shards import AllDeadLetters, open_all_dead_letters
from app.dead_letters.store import Choice
from app.metrics.workers import DEAD_REASONS
from app.terminal.options import AsJson, DryRun, Yes, confirm, read_moment, read_since
from app.terminal.output import Failure, complain, one_line, print_json, print_table
from app.terminal.progress import counted

dead = typer.Typer(
    no_args_is_help=True,
    help="See clicks that could not be processed, and send them again.",
    add_completion=False,
)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Letters by their ids.")]
Reason = Annotated[
    str | None,
    typer.Option(help="Only letters of this reason, e.g. bad_timestamp.", show_default=False),
]
Since = Annotated[
    str | None,
    typer.Option(help="Only those that died since: 2026-05-01T12:00, 24h.", show_default=False),
]
Until = Annotated[str | None, typer.Option(help="Only those that died before.", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="All letters.")]
#: Letters that one line of the trail of changes tells of.
_AT_ONCE = 100
#: Characters of a detail in a list; `hopline dead show` has all of it.
_DETAIL = 100


@dead.command("list")
def list_(
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Most letters to show.")] = 50,
    *,
    json: AsJson = False,
) -> None:
    """List the dead letters, newest first."""
    letters = open_all_dead_letters(load())
    found = _find(letters, _choice(reason, since, until), newest_first=True)
    shown = list(itertools.islice(found, limit))
    if json:
        print_json({"letters": [describe(one) for one in shown]})
        return
    print_table(("ID", "DIED", "REASON", "DELIVERIES", "CODE", "DETAIL"), map(as_row, shown))
    if next(found, None):
        complain(f"there are more letters than {limit}: see --limit, --reason and --since")


@dead.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="The letter's id.")],
    json: AsJson = False,
) -> None:
    """Show one dead letter: why it died, and every field as it came."""
    letter = open_all_dead_letters(load()).get(letter_id)
    if json:
        print_json(describe(letter))
    else:
        print_table(("NAME", "VALUE"), as_pairs(letter))


@dead.command()
def requeue(
    ids: Ids = None,
    *,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    everything: All = False,
    dry_run: DryRun = False,
) -> None:
    """Send letters to the workers again, as they came.

    A click keeps its id, so one that had been counted all the same is not counted twice.

    \b
    hopline dead requeue 1790000000000-0
    hopline dead requeue --reason poison --since 24h --dry-run
    """
    held = load()
    letters = open_all_dead_letters(held)
    chosen = _chosen(letters, ids, _choice(reason, since, until), everything=everything)
    if _change(chosen, _noted(held, letters).requeue, "requeued", dry_run=dry_run):
        raise typer.Exit(1)


@dead.command()
def purge(
    ids: Ids = None,
    *,
    reason: Reason = None,
    since: Since = None,
    until: Until = None,
    everything: All = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete letters for good: those clicks are in no report.

    \b
    hopline dead purge --reason bad_timestamp --until 30d --dry-run
    hopline dead purge --reason bad_timestamp --until 30d --yes
    """
    held = load()
    letters = open_all_dead_letters(held)
    chosen = _chosen(letters, ids, _choice(reason, since, until), everything=everything)
    if not (dry_run or yes):
        confirm("purging", "Delete these clicks for good?")
    _change(chosen, _noted(held, letters).purge, "purged", dry_run=dry_run)


def _choice(reason: str | None, since: str | None, until: str | None) -> Choice:
    now = datetime.now(UTC)
    return Choice(reason, read_since(since, now), read_moment("--until", until, now))


def _find(
    letters: AllDeadLetters, choice: Choice, *, newest_first: bool = False
) -> Iterator[DeadLetter]:
    """Return the letters of a choice; a reason that nothing ever died of is a mistyped one."""
    found = letters.find(choice, newest_first=newest_first)
    first = next(found, None)
    if first is not None:
        return itertools.chain((first,), found)
    if choice.reason is not None and choice.reason not in DEAD_REASONS:
        there = sorted({*DEAD_REASONS} | {one.fault.reason for one in letters.find(Choice())})
        text = f"--reason: {choice.reason!r} is none of {', '.join(there)}"
        raise Failure(text, exit_code=2)
    return iter(())


def _chosen(
    letters: AllDeadLetters, ids: list[str] | None, choice: Choice, *, everything: bool
) -> Iterator[DeadLetter]:
    """Return the letters of ids or of a choice; refuse to guess when neither is given."""
    is_filtered = choice != Choice()
    if ids and (is_filtered or everything):
        raise Failure("give ids, or filters, or --all", exit_code=2)
    if ids:
        # All are looked up first: a mistyped one must not leave half of them done.
        return iter([letters.get(letter_id) for letter_id in ids])
    if not (is_filtered or everything):
        raise Failure("say which letters: ids, --reason, --since, --until or --all", exit_code=2)
    return _find(letters, choice)


def _noted(held: Settings, letters: AllDeadLetters) -> NotedLetters:
    return NotedLetters(letters, open_trail(held), local_author("hopline dead"))


def _change(
    chosen: Iterable[DeadLetter],
    change: Callable[[Sequence[DeadLetter]], Outcome],
    what: str,
    *,
    dry_run: bool,
) -> int:
    """Change every letter, and say how many were; return how many could not be."""
    done = refused = 0
    letters = iter(counted(chosen, "letters"))
    while some := list(itertools.islice(letters, _AT_ONCE)):
        outcome = Outcome(len(some), []) if dry_run else change(some)
        for text in outcome.refused:
            complain(text)
        done += outcome.changed
        refused += len(outcome.refused)
    print(f"{done} {'would be ' if dry_run else ''}{what}")
    return refused


def as_row(letter: DeadLetter) -> tuple[str, ...]:
    """Return the letter's cells in a list: id, died, reason, deliveries, code, detail."""
    return (
        letter.letter_id.decode(),
        letter_time(letter.died_ms),
        one_line(letter.fault.reason),
        str(letter.deliveries),
        one_line(as_text(letter.fields.get(b"short_code", b""))[:32]),
        one_line(letter.fault.detail)[:_DETAIL],
    )


def as_pairs(letter: DeadLetter) -> Iterator[tuple[str, str]]:
    """Yield everything that is known of a letter, and then its fields, as names and values."""
    plain = describe(letter)
    for name, value in plain.items():
        if name != "fields":
            yield name, one_line(str(value))
    for field, text in zip(letter.flat[::2], letter.flat[1::2], strict=True):
        yield f"field:{one_line(as_text(field))}", one_line(as_text(text))
