"""Short links: what one is, which are allowed, and where they are kept.

:class:`app.links.link.Link` is one link; :class:`app.links.store.LinkStore` keeps and lists them in
Redis, :class:`app.links.validation.LinkOptions` checks what is said about one, and
:func:`app.links.importer.import_links` makes many at once. :func:`app.links.targets.check_target`
says where a link may lead.
"""
