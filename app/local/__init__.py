"""Local stack that runs all of Hopline on one machine without root: `hopline up`.

:class:`app.local.stack.LocalStack` starts Valkey, ClickHouse and the services in order, starts
again what dies, and stops all; each is a :class:`app.processes.child.Child`. Tests use its parts:
:func:`app.local.valkey.valkey_program` and :func:`app.local.downloads.fetch` for the embedded
stores.
"""
