"""Links over HTTP: made, read, listed, changed, put, switched, deleted, and drawn as QR codes.

:class:`~app.console.api.links.collection.Links`, :class:`~app.console.api.links.single.OneLink`,
:class:`~app.console.api.links.single.Switch` and :class:`~app.console.api.links.qr.QrImage` are the
resources. What may be done with links
is said in :mod:`app.links.store`.
"""
