"""Command that says what is wrong with an installation, and how to mend it: `hopline doctor`."""

import sys
from collections.abc import Iterable

import typer
from rich.table import Table
from rich.text import Text

from app.config.loading import load
from app.health.check import Check, State, is_healthy, to_json
from app.health.system.examination import examine
from app.terminal.options import AsJson
from app.terminal.output import print_json, print_table, terminal_of

#: State, name, and a finding of which lines can be read.
_LEAST_COLUMNS = 60
_STYLES: dict[State, str] = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(
    as_json: AsJson = False,
) -> None:
    """Check every part: what is wrong, and how to mend it. Exit code 1 if anything fails."""
    settings = load()
    checks = tuple(examine(settings))
    if as_json:
        print_json(to_json(checks))
    else:
        print_checks(checks)
    if not is_healthy(checks):
        raise typer.Exit(1)


def print_checks(checks: Iterable[Check]) -> None:
    """Write findings: as a table for a person, tab-separated into a pipe."""
    rows = ((check.state, check.name, ": ".join(_said(check))) for check in checks)
    if not sys.stdout.isatty():
        print_table(("STATE", "CHECK", "FINDING"), rows)
        return
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    for check in checks:
        finding = Text("\n→ ").join(map(Text, _said(check)))
        table.add_row(Text(check.state, style=_STYLES[check.state]), check.name, finding)
    terminal_of(_LEAST_COLUMNS).print(table)


def _said(check: Check) -> list[str]:
    return [check.text.rstrip("."), check.mend] if check.mend else [check.text]
