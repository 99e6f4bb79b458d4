"""Links over HTTP: made, read, listed, changed, put, switched and deleted as JSON.

:class:`~app.console.api.links.collection.Links`, :class:`~app.console.api.links.single.OneLink`
and :class:`~app.console.api.links.single.Switch` are the resources. What may be done with links
is said in :mod:`app.links.store`.
"""
