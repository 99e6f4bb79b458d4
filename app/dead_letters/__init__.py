"""Dead letters that keep what could not be processed, to be looked at, sent again or dropped.

Workers write a :class:`app.dead_letters.letter.DeadLetter` beside the stream, and
:func:`app.dead_letters.store.open_dead_letters` gives the
:class:`app.dead_letters.store.DeadLetters` that commands, the audit and erasure use.
"""
