"""Ledger that accounts for every click: accepted, inserted, dead, pending, unread or spooled.

Workers write it, by :func:`app.ledger.entering.enter` and in their Lua scripts. `hopline audit`,
`hopline doctor` and the workers' monitor read it: :func:`app.ledger.opening.open_audit` gives a
:class:`app.ledger.audit.Audit`, whose ``run`` names what is missing. A click is named by
:class:`app.ledger.sighting.Sighting` everywhere here.
"""
