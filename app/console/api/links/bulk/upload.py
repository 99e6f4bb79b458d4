"""Body of a request that is received as a whole, in a file, before any of it is looked at.

Rule 1: the whole body before the first byte of the answer. Many clients send all before they read
        any: if each side waited for the other to read, both would wait for ever.
Rule 2: a body that is cut off is none: its last row might read as a shorter one.
Rule 3: a client that sends or reads nothing for a minute is hung up on.
"""

import io
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import falcon

from app.console.api.problem import Problem

#: Longest silence of a client, while it sends as well as while it reads.
PATIENCE_SECONDS = 60.0
_PIECE_BYTES = 1 << 16


def limit_silence(req: falcon.Request) -> None:
    """Have a connection fail whose other end is silent; gunicorn takes that back afterwards."""
    connection: socket.socket | None = req.env.get("gunicorn.socket")
    if connection is not None:
        connection.settimeout(PATIENCE_SECONDS)


@contextmanager
def received(req: falcon.Request, most_bytes: int) -> Iterator[io.BufferedReader]:
    """Hold a request's body as a file without a name, which is gone afterwards.

    Raises:
        Problem: it is too large, or is cut off.
        falcon.HTTPError: the client is silent (408), or there is no room for it (507).
    """
    with tempfile.TemporaryFile(buffering=0) as file:
        _copy(req, file, most_bytes)
        file.seek(0)
        yield io.BufferedReader(file)


def _copy(req: falcon.Request, file: io.FileIO, most_bytes: int) -> None:
    length = req.content_length
    if (length or 0) > most_bytes:
        raise _too_large(most_bytes)
    received = 0
    for piece in _pieces(req):
        received += len(piece)
        if received > most_bytes:
            raise _too_large(most_bytes)
        _write(file, piece)
    if length is not None and received < length:
        raise _cut_off()


def _pieces(req: falcon.Request) -> Iterator[bytes]:
    # What has no length ends where the server says.
    is_ended = req.env.get("wsgi.input_terminated")
    stream = req.stream if is_ended else req.bounded_stream
    while True:
        try:
            piece: bytes = stream.read(_PIECE_BYTES)
        except TimeoutError:
            raise falcon.HTTPError(
                falcon.HTTP_408, description=f"Nothing came for {PATIENCE_SECONDS:g} s."
            ) from None
        except OSError:
            raise _cut_off() from None
        if not piece:
            return
        yield piece


def _write(file: io.FileIO, piece: bytes) -> None:
    rest = memoryview(piece)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise falcon.HTTPInsufficientStorage(
            description=f"There is no room for the body in {tempfile.gettempdir()}:"
            f" {error.strerror}."
        ) from None


def _too_large(most_bytes: int) -> Problem:
    return Problem(
        "body-too-large", f"The body takes more than {most_bytes:,} bytes: send it in parts."
    )


def _cut_off() -> Problem:
    return Problem("invalid-body", "The body ended before it was whole; nothing was done with it.")
