"""Commands that add, show, change and list links, and read and write many of them at once.

:mod:`~app.cli.links.links` holds the commands, :mod:`~app.cli.links.transfer` their files,
:mod:`~app.cli.links.qr` draws their QR codes.
"""
