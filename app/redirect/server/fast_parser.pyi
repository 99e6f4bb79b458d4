"""Reads plain requests in one go, in C.

A plain request is a GET of a path by HTTP/1.1, complete, with one Host that is a name or an IPv4
address, and nothing about it that tells of a body or of another protocol.
"""

from typing import Final

#: The position of a field that makes a request other than plain.
LEAVE: Final[int]

class PlainReader:
    """Finds the fields that somebody wants.

    Args:
        positions: where in a list the values of these fields shall stand, by name in small letters,
            or LEAVE; ``host`` must be among them. None of them may stand twice.
        line_bytes, fields, field_bytes, head_bytes: as in
            :class:`app.redirect.server.request_parser.Limits`; what is larger is not plain.

    Raises:
        ValueError: for positions that it has no room for.
    """

    def __init__(
        self,
        positions: dict[bytes, int],
        line_bytes: int,
        fields: int,
        field_bytes: int,
        head_bytes: int,
    ) -> None: ...
    def read(self, data: bytes, /) -> tuple[int, bool, bytes, bytes, list[bytes | None]] | None:
        """Return the request that the data begins with, or None if it is not plain.

        Returns:
            How many bytes it takes, whether it asks for the connection's end, its path, its query
            without the question mark, and the values, None for a field that is absent.
        """
