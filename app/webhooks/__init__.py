"""Webhooks: whom Hopline tells of clicks and of changes of links, of what, and what became of it.

A :class:`app.webhooks.webhook.Webhook` is kept by :class:`app.webhooks.store.WebhookStore`, what is
sent to it is a delivery of :class:`app.webhooks.deliveries.Deliveries`, signed by
:mod:`app.webhooks.signing`. Who sends is ``workers.webhooks``.
"""
