"""Spool that keeps clicks on disk while Redis can't take them, or may have lost them.

:class:`app.redirect.spool.spool.Spool` takes clicks from the event loop and
:class:`app.redirect.spool.file.SpoolFile` is the database that all workers of a host share.
:class:`app.redirect.spool.retransmit_buffer.RetransmitBuffer` remembers what Redis confirmed last,
and :class:`app.redirect.spool.retransmission.Retransmission` hands it to the spool once Redis may
have lost it.
"""
