"""HTTP that every server here keeps to, whichever library reads its requests; pure functions.

:func:`app.http.addresses.read_address` and :func:`app.http.urls.read_url` are the only readers of
addresses and URLs, :mod:`app.http.rules` judges requests and fields, and
:class:`app.http.trusted_peers.TrustedPeers` knows whose word is taken for a visitor's address or a
request's name (:class:`app.http.request_ids.RequestIds`).
"""
