"""Links over HTTP by the hundred thousand: a file of them is imported, or exported, as a stream.

:class:`~app.console.api.links.bulk.imports.Import` and
:class:`~app.console.api.links.bulk.exports.Export` are the resources. Their paths have ``-`` where
a code would stand, which none can be.
"""
