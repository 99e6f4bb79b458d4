"""Pages of links: the list, a link's own page, and the forms that make and change them.

:class:`~app.console.pages.links.listing.LinkListPage` lists them,
:class:`~app.console.pages.links.single.LinkPage` shows one, and what is sent from forms goes to
:class:`~app.console.pages.links.making.NewLinkPage` and
:class:`~app.console.pages.links.bulk.BulkPage`.
"""
