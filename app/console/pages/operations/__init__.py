"""Pages for whoever runs Hopline: how it fares, dead letters, API keys, and who changed what.

:class:`~app.console.pages.operations.system.SystemPage` shows how it fares,
:class:`~app.console.pages.operations.keys.KeysPage` who may ask for what.
"""
