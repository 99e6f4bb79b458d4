"""Endpoints of webhooks: what they are told of, and what was sent to them.

:mod:`app.console.api.webhooks.models` says how they are sent and shown.
"""
