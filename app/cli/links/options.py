"""Options by which commands give links their terms, and complaints that name them as typed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from app.links.validation import InvalidLink
from app.terminal.output import Failure

Expires = Annotated[
    str | None,
    typer.Option(
        help="Until when the link leads anywhere: 2027-01-01, 2027-01-01T09:00+02:00, 12h, 30d;"
        " 'never' takes it off.",
        show_default=False,
    ),
]
Limit = Annotated[
    str | None,
    typer.Option(
        help="Clicks after which the link leads nowhere; 'none' takes it off.", metavar="CLICKS"
    ),
]
ForwardQuery = Annotated[
    bool | None,
    typer.Option(
        "--forward-query/--no-forward-query",
        help="Whether a visit's query string is added to the target's.",
        show_default=False,
    ),
]
Status = Annotated[str | None, typer.Option(help="301, 302, 303, 307 or 308.", metavar="STATUS")]
Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="A tag; give it again for more of them.")
]
Title = Annotated[str | None, typer.Option(help="What people call the link.")]
CacheControl = Annotated[
    str | None, typer.Option(help="Cache-Control of the redirect; '' for the default.")
]
#: By the link's names, where the command's differ by more than the hyphens before them.
_OPTIONS = {
    "expires_at": "--expires",
    "click_limit": "--limit",
    "forward_query": "--forward-query",
    "cache_control": "--cache-control",
    "tags": "--tag",
}


@contextmanager
def named_as_typed(target: str) -> Iterator[None]:
    """Let a complaint about a link name the option of the command that it was given with."""
    try:
        yield
    except InvalidLink as error:
        typed = {**_OPTIONS, "target": target}
        faults = (
            f"{typed.get(option, f'--{option}')}: {detail}"
            for option, detail in error.faults.items()
        )
        raise Failure("; ".join(faults), exit_code=2) from None


def given_options(**options: object) -> dict[str, object]:
    """Return the options that were given, by the link's names."""
    return {name: value for name, value in options.items() if value is not None}
