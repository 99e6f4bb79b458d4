"""Encoder that writes commands as Redis reads them, in RESP.

Source: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from collections.abc import Iterator

import hiredis


class _NotYet:
    """What a reader returns while a reply is incomplete; no reply is ever equal to it."""


NOT_YET = _NotYet()


def encode_command(*arguments: bytes) -> bytes:
    """Return one command, ready to be sent."""
    parts = [b"*%d\r\n" % len(arguments)]
    parts += [b"$%d\r\n%b\r\n" % (len(argument), argument) for argument in arguments]
    return b"".join(parts)


def decode_command(command: bytes) -> list[bytes]:
    """Return the arguments of one command.

    Raises:
        ValueError: when the bytes are not exactly one command.
    """
    reader = new_reader()
    reader.feed(command)
    try:
        arguments = reader.gets()
    except hiredis.ProtocolError as error:
        raise ValueError(f"not a command: {error}") from None
    if not isinstance(arguments, list) or reader.has_data():
        raise ValueError("not one command")
    return arguments


def split_commands(commands: bytes) -> Iterator[bytes]:
    """Yield the bytes of each command of several that were encoded one after the other."""
    start = 0
    while start < len(commands):
        line_end = commands.index(b"\r\n", start)
        end = line_end + 2
        for _ in range(int(commands[start + 1 : line_end])):
            line_end = commands.index(b"\r\n", end)
            end = line_end + 4 + int(commands[end + 1 : line_end])
        yield commands[start:end]
        start = end


def new_reader() -> hiredis.Reader:
    """Return a parser of replies; error replies come back as values, :data:`NOT_YET` apart."""
    return hiredis.Reader(notEnoughData=NOT_YET)
