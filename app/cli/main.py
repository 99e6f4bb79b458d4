"""The command `hopline`: which commands there are, and how their failures end.

Rule: a command's module is imported when that command runs, so that `hopline --help` and a
completion in the shell don't wait for database drivers.
"""

import gc
import importlib
import sys
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from app.cli.entry import INTERRUPTED
from app.terminal.output import Failure, complain, let_go
from app.version import __version__


class Command(NamedTuple):
    """Where a command is written, and the first sentence of its own help, for the list."""

    module: str
    panel: str
    sentence: str


_DAILY = "Links and clicks"
_SERVICES = "Services"
_CARE = "Care"

#: The module holds a function or a Typer with the command's name.
COMMANDS = {
    "up": Command(
        "app.cli.services.up",
        _SERVICES,
        "Run Redis, ClickHouse, redirect, console and workers on this machine; Ctrl-C stops them.",
    ),
    "redirect": Command(
        "app.cli.services.run", _SERVICES, "Run the redirect service until it is told to stop."
    ),
    "console": Command(
        "app.cli.services.run", _SERVICES, "Run the console until it is told to stop."
    ),
    "workers": Command(
        "app.cli.services.workers",
        _SERVICES,
        "Run the workers, which store the clicks, until they are told to stop.",
    ),
    "links": Command("app.cli.links.links", _DAILY, "Add, show, change and list short links."),
    "tags": Command(
        "app.cli.links.tags", _DAILY, "List tags of links, rename them and take them off."
    ),
    "stats": Command(
        "app.cli.clicks.stats",
        _DAILY,
        "Show clicks: people and bots apart, over time, and by what they came with.",
    ),
    "top": Command(
        "app.cli.clicks.stats",
        _DAILY,
        "Show which links were followed most: all of them, or those with a tag.",
    ),
    "export": Command(
        "app.cli.clicks.export",
        _DAILY,
        "Write clicks as CSV, NDJSON or Parquet, each once, with its newest enrichment.",
    ),
    "visits": Command(
        "workers.visits.command",
        _DAILY,
        "Bring visits that another program has recorded, each as one click.",
    ),
    "tail": Command(
        "app.cli.clicks.tail",
        _DAILY,
        "Show clicks as they come, until Ctrl-C; it takes nothing from the workers.",
    ),
    "explain": Command(
        "workers.explain.command",
        _DAILY,
        "Tell what came in of one click, what each rule says of it, and what was forgotten.",
    ),
    "keys": Command(
        "app.cli.console.keys", _CARE, "Say which programs may ask the console, and for what."
    ),
    "webhooks": Command(
        "app.cli.console.webhooks", _CARE, "Say whom to tell of clicks and of changes of links."
    ),
    "changes": Command(
        "app.cli.console.changes",
        _CARE,
        "Show who changed which links, API keys and webhooks, the newest change first.",
    ),
    "migrate": Command(
        "app.cli.stores.migrate",
        _CARE,
        "Bring ClickHouse's tables up to date; safe to run again, and by two at once.",
    ),
    "dead": Command(
        "app.cli.clicks.dead", _CARE, "See clicks that could not be processed, and send them again."
    ),
    "audit": Command(
        "app.cli.checks.audit",
        _CARE,
        "Check that every click is in its place, and name those that aren't.",
    ),
    "spool": Command(
        "app.cli.stores.spool",
        _CARE,
        "Show the clicks that wait on this host's disk, and bring a lost host's home.",
    ),
    "replay": Command(
        "workers.replay.command",
        _CARE,
        "Process clicks again, with today's rules and databases of places; no count changes.",
    ),
    "erase": Command(
        "app.cli.clicks.erase",
        _CARE,
        "Erase clicks for good: from ClickHouse, stream, dead letters, deliveries and this spool.",
    ),
    "capacity": Command(
        "app.cli.checks.capacity",
        _CARE,
        "Say how many processes, how much memory and how much disk so many clicks take.",
    ),
    "doctor": Command(
        "app.cli.checks.doctor", _CARE, "Check every part: what is wrong, and how to mend it."
    ),
    "backup": Command(
        "app.cli.stores.backup",
        _CARE,
        "Write links, clicks and what was set up beside them into a directory, to be restored.",
    ),
    "restore": Command(
        "app.cli.stores.backup",
        _CARE,
        "Bring the links, clicks, API keys, webhooks and shares of a backup back; safe to repeat.",
    ),
    "rules": Command(
        "app.cli.checks.rules",
        _CARE,
        "Show every rule that tells people from programs, in which order, and its mode.",
    ),
    "metrics": Command("app.cli.checks.metrics", _CARE, "Show every metric and what it means."),
    "settings": Command(
        "app.cli.services.settings", _CARE, "Show every setting, its value and what it means."
    ),
}


class Commands(TyperGroup):
    """Lists the commands by what the table says, and loads the one that runs."""

    # Any: the classes are click's or typer's own copy of it, depending on typer's version.
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command as usual and put the real one in the place of its stand-in."""
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name in COMMANDS else stand_in, rest


def load_command(name: str) -> Any:
    """Import a command and return it as typer's parser wants it."""
    command = getattr(importlib.import_module(COMMANDS[name].module), name)
    _collect_garbage()
    if not isinstance(command, typer.Typer):
        alone = typer.Typer(add_completion=False)
        alone.command(name)(command)
        command = alone
    loaded = typer.main.get_command(command)
    _unwrap(loaded)
    return loaded


def _collect_garbage() -> None:
    """Have garbage looked for again, but not in what was loaded; see :mod:`app.cli.entry`."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _unwrap(command: Any) -> None:
    """Let the terminal's width break the lines of a help, not the source's; examples stay."""
    paragraphs = (command.help or "").split("\n\n")
    command.help = "\n\n".join(
        text if text.startswith("\b") else " ".join(text.split()) for text in paragraphs
    )
    for inner in getattr(command, "commands", {}).values():
        _unwrap(inner)


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"hopline {__version__}")
        raise typer.Exit


@app.callback()
def hopline(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Self-hosted short links: redirects in milliseconds, every click counted exactly once.

    Settings come from environment variables; `hopline settings` explains them.
    """


def _stand_in() -> None:
    """Take a command's place in the list until it is loaded."""


for _name, _command in COMMANDS.items():
    app.command(_name, help=_command.sentence, rich_help_panel=_command.panel)(_stand_in)


def main() -> None:
    """Run the command; exit code 0 done, 1 failed or not found, 2 wrong usage, 130 by Ctrl-C."""
    try:
        exit_code = app(standalone_mode=False)
        if exit_code == INTERRUPTED:
            complain("stopped")
        sys.stdout.flush()
    except typer.Abort:
        complain("stopped")
        sys.exit(1)
    except BrokenPipeError:
        # Who reads has seen enough, as with `| head`.
        _close_output()
        sys.exit(1)
    except Exception as error:
        failure = _wrong_usage(error) or _failure(error)
        if failure is None:
            raise
        complain(str(failure))
        _close_output()
        sys.exit(failure.exit_code)
    sys.exit(exit_code)


def _close_output() -> None:
    """Keep Python from complaining once more, at its end, about output that nobody takes."""
    try:
        sys.stdout.flush()
    except (OSError, UnicodeError):
        let_go(sys.stdout)


# Any: UsageError is click's or typer's own copy of it.
def _wrong_usage(error: Any) -> Failure | None:
    """Return what the parser has against the arguments; empty where it has shown the help."""
    if not issubclass(type(error), typer.BadParameter.__bases__):
        return None
    text = " ".join(error.format_message().split()).rstrip(".").replace("Value error, ", "")
    if text and error.ctx is not None:
        text = f"{text[0].lower()}{text[1:]} (`{error.ctx.command_path} --help` says more)"
    return Failure(text, exit_code=2)


def _failure(error: Exception) -> Failure | None:
    from app.cli.errors import as_failure  # noqa: PLC0415 - loads every driver

    return as_failure(error)
