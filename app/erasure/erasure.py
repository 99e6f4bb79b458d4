"""Erasure that takes clicks of a link, visitor or address out of all that this host reaches.

Rule 1: ClickHouse comes last, so that nothing that is still elsewhere is put into it again, and
        what is chosen can be found there by its ids until the end.
Rule 2: what workers have not finished is left to them, and said: it is on its way into ClickHouse,
        where the same erasure finds it afterwards.
Rule 3: doing it twice does nothing the second time.
Rule 4: what was begun and broken off is ended by the next erasure, whatever that one is about.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.audit.entry_counts import Call
from app.erasure.choice import Choice
from app.erasure.deliveries import ToldClicks
from app.erasure.entries import Entries
from app.erasure.spool import erase_spooled, set_aside
from app.erasure.stored import StoredClicks
from app.erasure.sums import StoredSums
from app.erasure.unfinished import Unfinished
from app.stores.redis.errors import RedisRefused

#: Is told what is worked at, and by how much it went on, or how much is left where negative.
Watch = Callable[[str, int], object]


@dataclass(slots=True)
class Report:
    """What an erasure did, or would do.

    Attributes:
        stored: clicks in ClickHouse.
        entries: finished entries of the stream.
        letters: dead letters.
        spooled: clicks in the spool of this host, damaged ones too.
        told: clicks in deliveries to webhooks.
        unreadable: deliveries that can't be read, and may hold clicks, by webhook.
        left: entries that workers have not finished.
        old_parts_gone: whether ClickHouse has removed the files that held the clicks.
        rewrites: whether Redis has begun to rewrite its append-only file.
        slow_log_cleared: whether Redis has forgotten the commands that took long, which it keeps.
        detached: parts that are in none of ClickHouse's tables, and may hold clicks; None where
            the user may not ask for them.
        detached_gone: how many of those were deleted.
        set_aside: damaged spools that were set aside, from which nothing can be erased.
    """

    stored: int = 0
    entries: int = 0
    letters: int = 0
    spooled: int = 0
    told: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)
    left: int = 0
    old_parts_gone: bool = True
    rewrites: bool = True
    slow_log_cleared: bool = True
    detached: int | None = 0
    detached_gone: int = 0
    set_aside: list[Path] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether nothing of the chosen clicks is where this host reaches."""
        is_left = self.left or self.unreadable or self.set_aside or self.detached
        return not is_left and self.old_parts_gone and self.rewrites


class Erasure:
    """Goes through the places in turn. Raises what its collaborators raise.

    Args:
        call: sends one command to Redis.
        told: clicks that webhooks are told of.
        spool_directory: of this host.
        unfinished: the clicks of an erasure that was broken off.
        is_whole: whether whole addresses are stored, and no networks.
    """

    def __init__(
        self,
        entries: Entries,
        stored: StoredClicks,
        sums: StoredSums,
        call: Call,
        told: ToldClicks,
        spool_directory: Path,
        unfinished: Unfinished,
        *,
        is_whole: bool,
    ) -> None:
        self._entries = entries
        self._stored = stored
        self._sums = sums
        self._call = call
        self._told = told
        self._spool_directory = spool_directory
        self._unfinished = unfinished
        self._is_whole = is_whole

    def run(
        self, choice: Choice, watch: Watch, *, is_dry: bool, with_detached: bool = False
    ) -> Report:
        """Erase a choice, or only count it.

        Args:
            with_detached: whether to delete all parts that are in no table, whosever clicks those
                hold.
        """
        before = None if is_dry else self._unfinished.read()
        click_ids: set[bytes] = set()
        if choice.code is None:
            # An entry carries no visitor, and a row perhaps no whole address: ids tie them.
            click_ids = self._stored.find(choice if self._is_whole else choice.as_stored())
            click_ids.update(self._entries.find(choice, lambda count: watch("entries", count)))
            click_ids.update(before or ())
        if not is_dry:
            self._unfinished.add(click_ids)
        report = Report()
        report.spooled = erase_spooled(self._spool_directory, choice, click_ids, is_dry=is_dry)
        report.set_aside = set_aside(self._spool_directory)
        report.letters = self._entries.erase_letters(choice, click_ids, is_dry=is_dry)
        report.entries, report.left = self._entries.erase(
            choice, click_ids, lambda count: watch("entries", count), is_dry=is_dry
        )
        # Behind the entries: who has read them may tell of them no more.
        report.told, report.unreadable = self._told.erase(
            choice, click_ids | (before or set()), is_dry=is_dry
        )
        report.stored = self._stored.count(choice, click_ids)
        if not is_dry:
            self._erase_stored(choice, click_ids, before, report, watch)
            report.rewrites = self._may("BGREWRITEAOF")
            report.slow_log_cleared = self._may("SLOWLOG", "RESET")
            if with_detached:
                report.detached_gone = self._stored.remove_detached()
            self._unfinished.clear()
        report.detached = self._stored.detached()
        return report

    def _erase_stored(
        self,
        choice: Choice,
        click_ids: set[bytes],
        before: set[bytes] | None,
        report: Report,
        watch: Watch,
    ) -> None:
        def left(parts: int) -> None:
            watch("parts", -parts)

        with self._sums.marked(choice, click_ids | (before or set()), left):
            if not report.stored and before is None:
                return
            if choice.code is not None:
                self._stored.erase_link(choice, left)
                self._stored.erase_clicks(before or (), left)
            else:
                self._stored.erase_clicks(click_ids, left)
        report.old_parts_gone = self._stored.remove_old_parts(left)

    def _may(self, *command: str) -> bool:
        """Have Redis forget what it keeps beside its keys; tell whether it does.

        Its append-only file has all that it was ever told until it is written anew, its log of slow
        commands whole ones.
        """
        try:
            self._call(*command)
        except RedisRefused:
            return False
        return True
