"""Arguments by which several commands name links: as codes, or as short links pasted."""

from typing import Annotated

import typer

from app.links.codes import named

Code = Annotated[
    str, typer.Argument(help="The link's short code, or the short link.", callback=named)
]
Codes = Annotated[
    list[str],
    typer.Argument(
        help="Short codes or short links, one or several.",
        callback=lambda codes: [named(code) for code in codes],
    ),
]
