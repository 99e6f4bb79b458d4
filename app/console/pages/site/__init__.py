"""Frame of the console's pages: templates, assets, addresses, words, and the browser's session.

:class:`~app.console.pages.site.rendering.Site` renders pages,
:class:`~app.console.pages.site.address.Address` is what a page's links change.
"""
