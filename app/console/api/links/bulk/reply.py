"""Answer whose lines are sent while they are made."""

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack

from app.console.api.problem import InvalidParameter

NDJSON = "application/x-ndjson"
#: Bytes that are sent at once.
_PIECE_BYTES = 1 << 14


class Reply:
    """Lines of an answer, in pieces as a WSGI server sends them.

    Args:
        lines: each with its end.
        until_sent: closed when the last line was sent, or the client hung up.
        piece_bytes: least bytes that are sent at once; 1 for each line as soon as it is there.
    """

    def __init__(
        self, lines: Iterable[bytes], until_sent: ExitStack, piece_bytes: int = _PIECE_BYTES
    ) -> None:
        self._pieces = _pieces(lines, piece_bytes)
        self._until_sent = until_sent

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def close(self) -> None:
        """Give back what the lines are made of."""
        self._pieces.close()
        self._until_sent.close()


def _pieces(lines: Iterable[bytes], piece_bytes: int) -> Generator[bytes, None, None]:
    held = bytearray()
    for line in lines:
        held += line
        if len(held) >= piece_bytes:
            yield bytes(held)
            held.clear()
    if held:
        yield bytes(held)


def choose(
    params: Mapping[str, str | list[str]], choices: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """Return what a URL's parameters choose: of each the first choice, if it isn't there.

    Raises:
        InvalidParameter: one is unknown, is there twice, or chooses what there isn't.
    """
    for name, value in params.items():
        if name not in choices:
            raise InvalidParameter(name, f"is none of {', '.join(choices)}")
        if value not in choices[name]:
            raise InvalidParameter(name, f"{value!r} is none of {', '.join(choices[name])}")
    return {name: str(params.get(name, values[0])) for name, values in choices.items()}
