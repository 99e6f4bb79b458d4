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
from app.logs.throttle import ThrottledLog
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
        at: number of the one that clicks go to.
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
        self._throttled = ThrottledLog(logger, clock=clock)
        self.at = first % len(streams)
        self._move_at = clock() + _TURN_SECONDS
        address(streams[self.at])

    def look(self, has_room: Sequence[bool]) -> None:
        """Move on if it is time to, or if there is no room; stay where nobody has any.

        Args:
            has_room: of each stream.
        """
        now = self._clock()
        if has_room[self.at] and now < self._move_at:
            return
        count = len(self.streams)
        others = ((self.at + step) % count for step in range(1, count))
        following = next((at for at in others if has_room[at]), self.at)
        if now >= self._move_at:
            self._move_at = now + _TURN_SECONDS
        elif following != self.at:
            self._throttled.warning(
                "left", "%s takes no clicks for now: they go elsewhere", self.streams[self.at]
            )
        if following != self.at:
            self.at = following
            self._address(self.streams[following])


def choice_of(settings: Settings, encoder: XaddEncoder) -> ShardChoice:
    """Return the choice among the streams that clicks are spread over, of what an encoder makes.

    Hosts begin with different ones, and so do their workers, whose process ids follow one another.
    """
    streams = [shard.stream for shard in written_shards(settings)]
    first = crc32(socket.gethostname().encode()) + os.getpid()
    return ShardChoice(streams, encoder.address, first)
