"""QR code that shows an address (ISO/IEC 18004), by segno."""

import io

import segno
from segno.encoder import DataOverflowError

from app.qr.colours import TRANSPARENT
from app.qr.options import InvalidOptions, QrOptions

#: White on black whatever the terminal's own colours are, so that light stays light.
_COLOURS, _RESET = "\x1b[38;5;231;48;5;16m", "\x1b[0m"


class QrCode:
    """Draws the QR code of a short link.

    Args:
        short_url: the link as visitors follow it.

    Raises:
        InvalidOptions: the address is too long for the level.
    """

    def __init__(self, short_url: str, options: QrOptions) -> None:
        self._options = options
        scanned = f"{short_url}?utm_source={options.source}" if options.source else short_url
        try:
            # The level is raised where that makes the code no larger.
            self._code = segno.make_qr(scanned, error=options.level)
        except DataOverflowError:
            text = f"{len(scanned)} characters are too long an address for {options.level}"
            raise InvalidOptions({"level": text}) from None

    def svg(self) -> bytes:
        """Return it as SVG, which takes the size of the place that it is put in."""
        return self._image("svg", omitsize=True, svgclass=None, lineclass=None)

    def png(self) -> bytes:
        """Return it as PNG."""
        return self._image("png", scale=self._options.scale)

    def text(self) -> str:
        """Return it as lines for a terminal, two rows of modules each."""
        drawn = io.StringIO()
        self._code.terminal(drawn, border=self._options.margin, compact=True)
        lines = drawn.getvalue().splitlines()
        return "".join(f"{_COLOURS}{line}{_RESET}\n" for line in lines)

    def _image(self, kind: str, **how: object) -> bytes:
        options, drawn = self._options, io.BytesIO()
        light = None if options.light == TRANSPARENT else options.light
        self._code.save(
            drawn, kind=kind, border=options.margin, dark=options.dark, light=light, **how
        )
        return drawn.getvalue()
