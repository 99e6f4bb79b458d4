"""Erasure that takes a link's, a visitor's or an address' clicks out of every store for good.

`hopline erase` makes a :class:`app.erasure.choice.Choice` and hands it to
:class:`app.erasure.erasure.Erasure`, which goes through the stream, the dead letters, the spool of
this host, deliveries to webhooks and ClickHouse.
"""
