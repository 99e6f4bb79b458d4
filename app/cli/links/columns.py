"""Options that say how a file of links is to be read."""

from collections.abc import Iterable
from typing import Annotated

import typer

from app.links.files.columns import SHORT_URL
from app.links.json import CLICKS, NAMES
from app.terminal.options import read_columns

Column = Annotated[
    list[str],
    typer.Option(
        metavar="OURS=THEIRS", help="What the file calls a part of a link; can be repeated."
    ),
]
Encoding = Annotated[
    str, typer.Option(help="The file's encoding, e.g. windows-1252; found out by default.")
]
_OURS = (*NAMES, SHORT_URL, CLICKS)


def chosen(columns: Iterable[str]) -> dict[str, str]:
    """Return by our names what a file calls them, '' for what it shall not be read for.

    Raises:
        Failure: that isn't how to say it.
    """
    return read_columns(columns, _OURS)
