"""Ledger that accounts for every click: accepted, inserted, dead, pending, unread or spooled.

Workers write it, by :func:`app.audit.writer.write_ledger` and in their Lua scripts. Its readers are
`hopline audit`, `hopline doctor` and a monitor: :func:`app.audit.factory.open_audit` gives a
:class:`app.audit.audit.Audit`, whose ``run`` names what is missing. A click is named by
:class:`app.audit.click_ref.ClickRef` everywhere here.
"""
