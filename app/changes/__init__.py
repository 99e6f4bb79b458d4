"""Trail of changes: who made, changed or deleted which link or API key, when, and by what.

:class:`app.changes.change.Change` is a line of it, which whoever changes something writes in the
same step, and :class:`app.changes.trail.Trail` reads them.
"""
