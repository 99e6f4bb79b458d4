"""Visits that are read from requests and written as stream entries; without I/O.

:class:`app.redirect.visits.visit.Visit` is what a request says,
:class:`app.redirect.visits.client_address.ClientAddress` finds who sent it,
:class:`app.redirect.visits.click_ids.VisitIds` gives the click its id, and
:class:`app.redirect.visits.xadd_encoder.XaddEncoder` writes its XADD.
"""
