"""Choice of the stream that a worker's clicks go to, where they are spread over several.

Any stream does for any click, as its id tells it and not its place. So a worker writes one stream
at a time, and what it sends in a tick stays one write; it moves on every ten seconds, and others
begin elsewhere, so that all of them fill alike.
"""

import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from zlib import crc32

from app.config.settings import Settings
from app.config.shards import written_shards
from app.redirect.visits.xadd_encoder import XaddEncoder

logger = logging.getLogger(__name__)

_TURN_SECONDS = 10.0


class ShardChoice:
    """Has a worker's clicks go to one of some streams, each in turn, and past those without room.

    Args:
        address: has clicks go to a stream from now on.
        first: number of the stream to begin with, counted on from the last to the first.

    Attributes:
        streams: all of them.
    """

    def __init__(
        self,
        streams: Sequence[str],
        address: Callable[[str], None],
        first: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.streams = streams
        self._address = address
        self._clock = clock
        self._at = first % len(streams)
        self._move_at = clock() + _TURN_SECONDS
        address(streams[self._at])

    def look(self, has_room: Sequence[bool]) -> None:
        """Move on if it is time to, or if there is no room; stay where nobody has any.

        Args:
            has_room: of each stream.
        """
        now = self._clock()
        if has_room[self._at] and now < self._move_at:
            return
        count = len(self.streams)
        others = ((self._at + step) % count for step in range(1, count))
        following = next((at for at in others if has_room[at]), self._at)
        if now >= self._move_at:
            self._move_at = now + _TURN_SECONDS
        elif following != self._at:
            logger.warning("%s has no room: clicks go elsewhere", self.streams[self._at])
        if following != self._at:
            self._at = following
            self._address(self.streams[following])


def choice_of(settings: Settings, encoder: XaddEncoder) -> ShardChoice:
    """Return the choice among the streams that clicks are spread over, of what an encoder makes.

    Hosts begin with different ones, and so do their workers, whose process ids follow one another.
    """
    streams = [shard.stream for shard in written_shards(settings)]
    first = crc32(socket.gethostname().encode()) + os.getpid()
    return ShardChoice(streams, encoder.address, first)
