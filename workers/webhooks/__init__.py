"""Webhooks' side of the workers: who tells receivers of clicks and links, and delivers.

A process of its own, which the supervisor starts once there is a webhook
(:mod:`workers.webhooks.bootstrap`). One host at a time holds the lease: its feeds read what
happened and have deliveries wait in Redis (:class:`workers.webhooks.outbox.Outbox`), and its
:class:`workers.webhooks.dispatcher.Dispatcher` sends them, each in a thread of its own. Receivers
keep nobody waiting but themselves.
"""
