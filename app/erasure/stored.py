"""Erasure that deletes clicks from ClickHouse: rows and ledger, and the files that held them.

Rule 1: a mutation's text stays on the server's disk (`finished_mutations_to_keep`), so it names no
        address and no visitor, but ids of clicks, or a link's code. Nor does a query's, which a
        server may log: addresses are sent as the data of a table.
Rule 2: the ledger goes first: a click that is in the ledger alone would be missing. After a kill
        between the two the clicks are still found, and the same command goes on.
Rule 3: each replica of each shard deletes for itself, so each is waited for; where one is away,
        none begins. A click and its row of the ledger are on one shard.
Rule 4: what is deleted is gone from the active parts when the mutation is done; the parts before
        it are removed as soon as the server will.
"""

import re
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from app.audit.stored_clicks import sent_table
from app.erasure.choice import Choice
from app.erasure.deletion import Watch, delete_rows
from app.stores.clickhouse.connection import ClickHouseRefused, translated
from app.stores.clickhouse.driver import Client
from app.stores.clickhouse.shards import Shard

#: Ids in the text of one query: a server reads 256 KiB of it (`max_query_size`).
_IDS_AT_ONCE = 5_000
_REMOVAL_POLL_SECONDS = 1.0
#: A server looks for parts to remove every 30 to 40 s where something happens, in a table at rest
#: every five minutes (`max_cleanup_delay_period`).
_REMOVAL_SECONDS = 400.0
_LIFETIME = "old_parts_lifetime"
#: Nobody else has a reason to set this one: an erasure that was killed has left it.
_OUR_LIFETIME = f"{_LIFETIME} = 1"
_OTHER_LIFETIME = re.compile(rf"{_LIFETIME} = (?!1\b)".encode())

_TIMES = (
    "time >= fromUnixTimestamp64Milli({since_ms:Int64}, 'UTC')"
    " AND time < fromUnixTimestamp64Milli({until_ms:Int64}, 'UTC')"
)
_CODE = f"short_code = {{code:String}} AND {_TIMES}"
_VISITOR = f"visitor_id = {{visitor:UInt64}} AND {_TIMES}"
_ADDRESSES = f"""
ip >= toIPv6(low) AND ip <= toIPv6(high) AND {_TIMES}
"""
_OLD_PARTS = """
SELECT count() FROM system.parts
WHERE database = currentDatabase() AND table IN {tables:Array(String)} AND NOT active
"""
_ENGINES = """
SELECT name, engine_full FROM system.tables
WHERE database = currentDatabase() AND name IN {tables:Array(String)}
"""
_DETACHED = """
SELECT table, name FROM system.detached_parts
WHERE database = currentDatabase() AND table IN {tables:Array(String)}
"""
#: A month is never called so. Whatever it finds to drop, a table without replicas removes its old
#: parts at once thereafter; with replicas each of them does so only by itself.
_REMOVE = "ALTER TABLE {table} DROP PARTITION ID 'none'"
#: The ledger first.
_TABLES = ("ledger", "clicks")


class StoredClicks:
    """The tables of one database, on each shard.

    Every method raises ClickHouseUnavailable or ClickHouseRefused, as the server says.

    Args:
        shards: with clients of each replica; of one server, its client.
    """

    def __init__(self, shards: Iterable[Shard], url: str) -> None:
        self._shards = [ShardOfClicks(shard, url) for shard in shards]

    def find(self, choice: Choice) -> set[bytes]:
        """Return the ids of the clicks of a choice."""
        return set().union(*(one.find(choice) for one in self._shards))

    def count(self, choice: Choice, click_ids: Collection[bytes]) -> int:
        """Return how many clicks of a link there are, or of these ids where it is no link's."""
        return sum(one.count(choice, click_ids) for one in self._shards)

    def erase_link(self, choice: Choice, watch: Watch) -> None:
        """Delete the clicks of a link, however many."""
        for one in self._shards:
            one.erase_link(choice, watch)

    def erase_clicks(self, click_ids: Collection[bytes], watch: Watch) -> None:
        """Delete clicks by their ids."""
        for one in self._shards:
            one.erase_clicks(click_ids, watch)

    def remove_old_parts(self, watch: Watch) -> bool:
        """Have the files of parts without the clicks' successors removed; tell whether they are.

        They would stay for some eight minutes. A lifetime that somebody has set is left as it is.
        """
        ours = [(one, one.without_lifetime()) for one in self._shards]
        try:
            for one, names in ours:
                one.set_everywhere(names, f"MODIFY SETTING {_OUR_LIFETIME}")
            give_up_at = time.monotonic() + _REMOVAL_SECONDS
            left = [one.wait_for_removal(watch, give_up_at) for one in self._shards]
            return all(left)
        finally:
            for one, names in ours:
                one.set_everywhere(names, f"RESET SETTING {_LIFETIME}")

    def detached(self) -> int | None:
        """Return how many parts are there that are in no table, None where the user may not ask.

        No deletion reaches into them, and nobody can tell whose clicks they hold.
        """
        try:
            return sum(len(found) for one in self._shards for _, found in one.detached())
        except ClickHouseRefused:
            return None

    def remove_detached(self) -> int:
        """Delete these parts for good, others' clicks as well; return how many.

        Less than all where the user may not.
        """
        try:
            return sum(one.remove_detached() for one in self._shards)
        except ClickHouseRefused:
            return 0


class ShardOfClicks:
    """The tables of one shard; methods and errors as those of :class:`StoredClicks`."""

    def __init__(self, shard: Shard, url: str) -> None:
        self._shard = shard
        self._url = url
        self._clicks = shard.table("clicks")
        self._names = [shard.table(name) for name in _TABLES]

    def find(self, choice: Choice) -> set[bytes]:
        """Return the ids of the clicks of a choice."""
        self._catch_up()
        condition, params = _condition(choice)
        # Joined, since the server would log a subquery's value as a constant.
        span = "CROSS JOIN span" if choice.addresses else ""
        query = f"SELECT DISTINCT click_id FROM {self._clicks} {span} WHERE {condition}"  # noqa: S608 - own text
        rows = self._run(query, params, _tables(choice))
        return {click_id for (click_id,) in rows}

    def count(self, choice: Choice, click_ids: Collection[bytes]) -> int:
        """Return how many clicks of a link there are, or of these ids where it is no link's."""
        self._catch_up()
        query = f"SELECT uniqExact(click_id) FROM {self._clicks} WHERE "  # noqa: S608 - own text
        if choice.code is None:
            counts = [self._run(f"{query}{which}")[0][0] for which in _among(click_ids)]
            return sum(map(int, counts))
        condition, params = _condition(choice)
        return int(self._run(f"{query}{condition}", params)[0][0])

    def erase_link(self, choice: Choice, watch: Watch) -> None:
        """Delete the clicks of a link, however many."""
        condition, params = _condition(choice)
        chosen = f"SELECT time, click_id FROM {self._clicks} WHERE {condition}"  # noqa: S608 - own text
        self._mutate("ledger", f"(time, click_id) IN ({chosen})", params, watch)
        self._mutate("clicks", condition, params, watch)

    def erase_clicks(self, click_ids: Collection[bytes], watch: Watch) -> None:
        """Delete clicks by their ids."""
        for which in _among(click_ids):
            for table in _TABLES:
                self._mutate(table, which, {}, watch)

    def without_lifetime(self) -> list[str]:
        """Return the tables whose old parts nobody else has given a lifetime, at no replica."""
        others = {
            name.decode()
            for one in self._shard.replicas
            for name, engine in self._run(_ENGINES, {"tables": self._names}, on=one)
            if _OTHER_LIFETIME.search(engine)
        }
        return [name for name in self._names if name not in others]

    def set_everywhere(self, names: Iterable[str], change: str) -> None:
        """Change a setting of tables, which is each replica's own."""
        for one in self._shard.replicas:
            for table in names:
                self._run(f"ALTER TABLE {table} {change}", on=one)

    def wait_for_removal(self, watch: Watch, give_up_at: float) -> bool:
        """Wait until no replica has old parts, or for a monotonic time; tell whether that is so."""
        gone = [self._wait_for_removal_on(one, watch, give_up_at) for one in self._shard.replicas]
        return all(gone)

    def detached(self) -> list[tuple[Client, list[tuple[bytes, bytes]]]]:
        """Return each replica's detached parts, as table and name."""
        asked = {"tables": self._names}
        return [(one, self._run(_DETACHED, asked, on=one)) for one in self._shard.replicas]

    def remove_detached(self) -> int:
        """Delete them; return how many there were."""
        count = 0
        for one, parts in self.detached():
            for table, name in parts:
                quoted = name.decode().replace("\\", "\\\\").replace("'", "\\'")
                drop = f"ALTER TABLE {table.decode()} DROP DETACHED PART '{quoted}'"
                self._run(drop, on=one, allow_drop_detached=1)
                count += 1
        return count

    def _mutate(
        self, name: str, condition: str, params: Mapping[str, object], watch: Watch
    ) -> None:
        # Each replica looks up in its own clicks which rows of the ledger are theirs.
        self._catch_up()
        delete_rows(
            self._shard.replicas, self._url, self._shard.table(name), condition, params, watch
        )

    def _catch_up(self) -> None:
        with translated(self._url):
            self._shard.catch_up("clicks", "ledger")

    def _wait_for_removal_on(self, replica: Client, watch: Watch, give_up_at: float) -> bool:
        while True:
            ((parts,),) = self._run(_OLD_PARTS, {"tables": self._names}, on=replica)
            watch(parts)
            if not parts or time.monotonic() > give_up_at:
                return not parts
            time.sleep(_REMOVAL_POLL_SECONDS)
            self._have_removed(replica)

    def _have_removed(self, replica: Client) -> None:
        for name, engine in self._run(_ENGINES, {"tables": self._names}, on=replica):
            if not engine.startswith(b"Replicated"):
                self._run(_REMOVE.format(table=name.decode()), on=replica)

    def _run(
        self,
        query: str,
        params: Mapping[str, object] | None = None,
        tables: list[dict[str, Any]] | None = None,
        *,
        on: Client | None = None,
        **allowed: int,
    ) -> Any:
        settings = {"log_queries": 0, "strings_as_bytes": True, **allowed}
        with translated(self._url):
            return (on or self._shard.client).execute(
                query, params or {}, external_tables=tables, settings=settings
            )


def _condition(choice: Choice) -> tuple[str, dict[str, object]]:
    params: dict[str, object] = {"since_ms": choice.since_ms, "until_ms": choice.until_ms}
    if choice.code is not None:
        return _CODE, {**params, "code": choice.code}
    if choice.visitor is not None:
        return _VISITOR, {**params, "visitor": choice.visitor}
    assert choice.addresses is not None  # noqa: S101 - a choice has one of the three
    return _ADDRESSES, params


def _tables(choice: Choice) -> list[dict[str, Any]] | None:
    if choice.addresses is None:
        return None
    ends = [str(one).encode() for one in choice.addresses]
    return [sent_table("span", {"low": "String", "high": "String"}, [ends])]


def _among(click_ids: Iterable[bytes]) -> Iterator[str]:
    """Yield conditions that together hold for clicks of these ids."""
    ordered = sorted(click_ids)
    for start in range(0, len(ordered), _IDS_AT_ONCE):
        piece = ordered[start : start + _IDS_AT_ONCE]
        literals = ", ".join(f"unhex('{one.hex()}')" for one in piece)
        yield f"click_id IN ({literals})"
