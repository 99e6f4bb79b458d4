"""`hopline settings`."""

import difflib
import os
from typing import Annotated

import typer

from app.cli.output import complain, print_json, print_table
from app.settings import Settings, describe, load, unknown_variables, variable


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON.")] = False,
) -> None:
    """Show every setting, its value and what it means.

    Values come from the environment, or from a running `hopline up`. Secrets are masked.
    """
    described = list(describe(load()))
    if as_json:
        print_json([setting._asdict() for setting in described])
    else:
        print_table(
            ("VARIABLE", "VALUE", "MEANING"),
            ((setting.variable, setting.value, setting.sentence) for setting in described),
        )
    for name in unknown_variables(os.environ):
        complain(f"{name} is no setting{_suggestion(name)}")


def _suggestion(name: str) -> str:
    known = [variable(field) for field in Settings.model_fields]
    near = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else ""
