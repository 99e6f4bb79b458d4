"""Entry that was read from the click stream, as it was written."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One entry of the click stream.

    Attributes:
        entry_id: where it stands in the stream; never the click's identity.
        flat: names and values in turn, as they were written, doubled names included.
        deliveries: how many consumers it was handed to; all but the last one died.
    """

    entry_id: bytes
    flat: list[bytes]
    deliveries: int = 1

    @property
    def fields(self) -> dict[bytes, bytes]:
        """The fields by name; of a doubled name the last."""
        return dict(zip(self.flat[::2], self.flat[1::2], strict=True))
