"""States that a connection goes through, the moves between them, and sets of states.

A connection is new until its first byte, and then goes round: a request's head comes in, whole or
in parts; the application is busy with it; the answer is sent; the connection idles until the next
request, or lingers and closes. A client that doesn't take its answer makes two more states: of an
application that is still at work, and of one that is done.

Each state is a bit and a set of states a mask: to ask whether a connection is in one of a set,
``connection.state & READING``, costs no more than to compare two numbers.
"""

#: Connected and silent; silent between two requests; within a request's head.
NEW, IDLE, PARTIAL = 1, 2, 4
#: At the application; answered and not yet sent.
BUSY, ANSWERED = 8, 16
#: The client doesn't take the answer, and the application is still at work, or done.
STREAMING, SENDING = 32, 64
#: We have hung up, and leave the client time to read our last words; closed, or given away.
LINGERING, CLOSED = 128, 256

#: Nothing of a request has come: who has to go may go now.
SILENT = NEW | IDLE
#: What comes is, or belongs to, the next request.
READING = NEW | IDLE | PARTIAL
#: A request is at work: what comes is held until it is answered.
WORKING = BUSY | ANSWERED | STREAMING | SENDING
#: The whole answer is there: once it is sent, the next request may be read.
DONE = ANSWERED | SENDING

#: What may follow each state. A connection may be closed in any.
MOVES = {
    NEW: PARTIAL | BUSY,
    IDLE: PARTIAL | BUSY,
    PARTIAL: BUSY,
    BUSY: ANSWERED | STREAMING,
    ANSWERED: IDLE | SENDING | LINGERING,
    STREAMING: BUSY | SENDING,
    SENDING: IDLE | LINGERING,
    LINGERING: 0,
    CLOSED: 0,
}


def may_move(before: int, after: int) -> bool:
    """Tell whether a connection may come from one state into another, or stay as it is."""
    return before == after or bool(after & (MOVES[before] | CLOSED))
