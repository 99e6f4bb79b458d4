"""Commands about who may ask the console: :mod:`~app.cli.console.keys`."""
