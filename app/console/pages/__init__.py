"""Pages of the console that people see in a browser, each a resource over the use cases in ``app``.

:func:`~app.console.pages.routes.page_routes` says which there are, and where.
"""
