"""Schedule that has Redis' append-only file written anew once a day.

The file holds every command, and so also what was deleted long ago: whole addresses of trimmed
clicks, and the salts of visitor ids, which make those ids reversible. Redis rewrites it only once
it has doubled, which takes months on a small site; BGREWRITEAOF makes it forget.

Rule 1: one rewrite a UTC day, soon after midnight, when the salt of three days ago was deleted.
Rule 2: noted is when a rewrite was asked for, and once it ended well on the same server process:
        what was deleted before that moment is in none of Redis' files.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

#: Fields of the hash in which it is noted, in the order of :class:`Noted`.
FIELDS = ("asked", "run_id", "done")
#: From then on the file counts as too old: a day, and time for a rewrite.
OLD_SECONDS = 26 * 3600.0

_DAY_MS = 86_400_000
#: After midnight, until keys that expired then are surely gone.
_SLACK_MS = 600_000
#: Until one that failed is tried again.
_RETRY_MS = 600_000
#: A rewrite copies what changes meanwhile: memory for half of what Redis holds should be there.
_FORK_SHARE = 1.5

Step = Literal["rest", "ask", "done", "short"]


class Noted(NamedTuple):
    """What is noted of rewrites.

    Attributes:
        asked_ms: when the last one was asked for, in Unix milliseconds; 0 for never.
        run_id: of the server process that was asked.
        done_ms: when the last one that succeeded was asked for; 0 for never.
    """

    asked_ms: int = 0
    run_id: str = ""
    done_ms: int = 0

    @classmethod
    def of(cls, reply: Sequence[bytes | None]) -> Self:
        """Return what HMGET of :data:`FIELDS` says."""
        asked, run_id, done = reply
        return cls(int(asked or 0), (run_id or b"").decode(), int(done or 0))


@dataclass(frozen=True, slots=True)
class Server:
    """What matters about a server.

    Attributes:
        has_file: whether it keeps an append-only file.
        is_busy: whether a child of it writes a file, or is about to.
        went_well: whether its last rewrite did; also True before the first.
        has_memory: whether its machine has enough of it for a rewrite, as far as can be told.
    """

    run_id: str
    has_file: bool
    is_busy: bool
    went_well: bool
    has_memory: bool

    @classmethod
    def of(cls, info: Mapping[str, Any]) -> Self:
        """Return what ``INFO`` says (https://redis.io/docs/latest/commands/info/)."""
        busy = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")
        total_bytes = int(info.get("total_system_memory", 0))
        return cls(
            run_id=info["run_id"],
            has_file=bool(int(info["aof_enabled"])),
            is_busy=any(int(info[name]) for name in busy),
            went_well=info["aof_last_bgrewrite_status"] == "ok",
            has_memory=not total_bytes or int(info["used_memory_rss"]) * _FORK_SHARE <= total_bytes,
        )


def next_step(noted: Noted, server: Server, now_ms: int) -> Step:
    """Return what to do: nothing for now, ask for a rewrite, or note that the last one succeeded.

    ``short`` is a rewrite that is due and would take memory that isn't there.
    """
    if not server.has_file or server.is_busy:
        return "rest"
    if noted.asked_ms > noted.done_ms and noted.run_id == server.run_id:
        if server.went_well:
            return "done"
        if now_ms < noted.asked_ms + _RETRY_MS:
            return "rest"
    if noted.done_ms >= due_ms(now_ms):
        return "rest"
    return "ask" if server.has_memory else "short"


def due_ms(now_ms: int) -> int:
    """Return since when the file should have been rewritten: the last midnight, and some slack."""
    return (now_ms - _SLACK_MS) // _DAY_MS * _DAY_MS + _SLACK_MS
