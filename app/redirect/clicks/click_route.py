"""Route that clicks take to Redis, as recorder and drain see it: one pipeline, or a cluster's."""

from typing import Protocol

from app.redirect.redis.replies import OnReply


class Connected(Protocol):
    """What tells whether there is a connection."""

    def is_set(self) -> bool:
        """Tell whether there is one."""
        ...


class ClickRoute(Protocol):
    """Takes clicks, as :class:`~app.redirect.redis.pipeline.Pipeline` does, which is one."""

    @property
    def connected(self) -> Connected:
        """What tells whether clicks can be submitted."""

    @property
    def heard_at(self) -> float:
        """When the last reply came, in monotonic seconds."""

    @property
    def server_number(self) -> int:
        """How many other servers have answered since the first ones."""

    def oldest_age(self) -> float:
        """Return for how many seconds the oldest command has waited where clicks go."""
        ...

    def submit_click(self, command: bytes, on_reply: OnReply) -> None:
        """Queue the XADD of a click; the callback is called once, later."""

    def make_room(self) -> None:
        """Let what was submitted leave before more is; blocks the calling greenlet."""


class Room(Protocol):
    """Tells whether there is room for clicks."""

    @property
    def is_full(self) -> bool:
        """Whether new clicks have to go to the spool and stay there."""

    @property
    def reason(self) -> str:
        """What is too full, for counting."""
