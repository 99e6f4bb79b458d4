"""QR codes of short links: how they may look, and as SVG, PNG or characters of a terminal.

:func:`app.qr.options.read_options` says which look is asked for,
:class:`app.qr.code.QrCode` draws it.
"""
