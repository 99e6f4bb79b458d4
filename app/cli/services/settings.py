"""Command that shows every setting with its value: `hopline settings`."""

import difflib
import sys
import textwrap
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import typer
from rich.console import Console, Group
from rich.padding import Padding
from rich.text import Text

from app.config.loading import load, unknown_variables
from app.config.masking import show
from app.config.settings import Settings
from app.config.variables import variable
from app.terminal.options import AsJson
from app.terminal.output import complain, print_json, print_table

_ENV_FILE_HEADER = """\
# Hopline's settings, read by its systemd units. Made by `hopline settings --env-file`.
# A setting that stands behind a # has its default, or what its unit gives it.
# After a change: systemctl restart 'hopline-*.service'
# Passwords don't belong here but in /etc/hopline/credentials, where README.md says how.
"""
_ENV_FILE_COLUMNS = 96
#: What is shown as the default of a setting whose default depends on the machine.
NO_FIXED_DEFAULT = "(see the sentence)"


class Described(NamedTuple):
    """One setting as a person reads it."""

    variable: str
    value: str
    default: str
    sentence: str


def settings(
    as_json: AsJson = False,
    as_env_file: Annotated[
        bool, typer.Option("--env-file", help="Write an environment file of all defaults.")
    ] = False,
) -> None:
    """Show every setting, its value and what it means.

    Values come from the environment, or from a running `hopline up`. Secrets are masked.
    """
    described = list(describe(load()))
    if as_env_file:
        # A file for systemd's EnvironmentFile= that changes nothing as it stands.
        print(_ENV_FILE_HEADER, *map(_env_file_entry, described), sep="\n", end="")
        return
    if as_json:
        print_json([setting._asdict() for setting in described])
    elif sys.stdout.isatty():
        Console(highlight=False).print(*map(_drawn, described), sep="\n")
    else:
        print_table(
            ("VARIABLE", "VALUE", "MEANING"),
            ((setting.variable, setting.value, setting.sentence) for setting in described),
        )
    for name in unknown_variables():
        complain(f"{name} is no setting{_suggestion(name)}")


def _drawn(setting: Described) -> Group:
    """Return a setting for a terminal, which is too narrow for all of it beside each other."""
    value = Text.assemble((setting.variable, "bold"), "=", setting.value)
    return Group(value, Padding(Text(setting.sentence), (0, 0, 0, 4)))


def _env_file_entry(setting: Described) -> str:
    sentence = textwrap.wrap(setting.sentence, _ENV_FILE_COLUMNS)
    default = "" if setting.default == NO_FIXED_DEFAULT else setting.default
    return "".join(f"# {line}\n" for line in sentence) + f"#{setting.variable}={default}\n"


def _suggestion(name: str) -> str:
    known = [variable(field) for field in Settings.model_fields]
    near = difflib.get_close_matches(name, known, n=1)
    return f": did you mean {near[0]}?" if near else ""


def describe(settings: Settings) -> Iterator[Described]:
    """Yield every setting with its current value, secrets masked."""
    for name, field in Settings.model_fields.items():
        default = NO_FIXED_DEFAULT if field.default_factory else show(name, field.default)
        yield Described(
            variable(name), show(name, getattr(settings, name)), default, field.description or ""
        )
