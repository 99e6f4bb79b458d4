"""Command that draws a link's QR code: `hopline links qr`."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.cli.links.arguments import Code
from app.config.loading import load
from app.links.link import LinkDeleted
from app.links.store import open_store
from app.qr.options import (
    PNG_OPTIONS,
    SVG_OPTIONS,
    TEXT_OPTIONS,
    InvalidOptions,
    read_options,
    too_little_contrast,
)
from app.terminal.output import Failure, complain

_FORMS = {".svg": SVG_OPTIONS, ".png": PNG_OPTIONS}


To = Annotated[
    Path | None,
    typer.Option(
        help="File, .svg or .png; a terminal shows the code by default, a pipe gets SVG.",
        metavar="FILE",
    ),
]
Level = Annotated[
    str | None,
    typer.Option(
        help="How much may be unreadable: L, M, Q or H, for 7, 15, 25 or 30 %; M by default.",
        metavar="LEVEL",
    ),
]
Margin = Annotated[
    str | None, typer.Option(help="Modules around the code; 4 by default.", metavar="MODULES")
]
Scale = Annotated[
    str | None, typer.Option(help="Pixels of a module of a PNG; 10 by default.", metavar="PIXELS")
]
Dark = Annotated[
    str | None, typer.Option(help="Colour of what is set: 036 or 003366.", metavar="COLOUR")
]
Light = Annotated[
    str | None, typer.Option(help="Colour of the rest, or transparent.", metavar="COLOUR")
]
Source = Annotated[
    str | None,
    typer.Option(
        help="With qr, the address says utm_source=qr: reports have scans in the channel qr.",
        metavar="SOURCE",
    ),
]


def qr(
    code: Code,
    to: To = None,
    *,
    level: Level = None,
    margin: Margin = None,
    scale: Scale = None,
    dark: Dark = None,
    light: Light = None,
    source: Source = None,
) -> None:
    """Draw the QR code of a link's short URL.

    \b
    hopline links qr demo1
    hopline links qr demo1 --to demo1.svg --level H --source qr
    hopline links qr demo1 --to demo1.png --scale 20 --dark 003366 --light transparent
    """
    given = {
        "level": level,
        "margin": margin,
        "scale": scale,
        "dark": dark,
        "light": light,
        "source": source,
    }
    form = _form(to)
    try:
        drawn = _draw(code, {name: text for name, text in given.items() if text is not None}, form)
    except InvalidOptions as error:
        faults = (f"--{name}: {text}" for name, text in error.faults.items())
        raise Failure("; ".join(faults), exit_code=2) from None
    if to:
        to.write_bytes(drawn)
    else:
        print(drawn.decode(), end="")


def _form(to: Path | None) -> str:
    """Return which form is wanted: that of a file's name, or '' for characters."""
    if to is None:
        return "" if sys.stdout.isatty() else ".svg"
    form = to.suffix.lower()
    if form not in _FORMS:
        raise Failure(f"--to: {str(to)!r} ends with neither .svg nor .png", exit_code=2)
    return form


def _draw(code: str, given: Mapping[str, str], form: str) -> bytes:
    from app.qr.code import QrCode  # noqa: PLC0415 - no other command of links waits for segno

    options = read_options(given, _FORMS.get(form, TEXT_OPTIONS))
    settings = load()
    link = open_store(settings).get(code)
    if link.deleted:
        raise LinkDeleted(f"the link {code!r} was deleted")
    drawn = QrCode(f"{settings.link_base}/{link.code}", options)
    if doubt := too_little_contrast(options):
        complain(doubt)
    if form == ".png":
        return drawn.png()
    return drawn.svg() if form else drawn.text().encode()
