"""Layout that says which shard a click is on: one for all time, or another from some time on.

Rule 1: all copies of a click are on one shard, or FINAL would count them twice. So a click's shard
        follows from what never changes of it, its time and its id.
Rule 2: a layout that has stored clicks is never taken back. When shards are added, clicks from a
        moment to come on are parted between all, and older ones stay where they are, as do their
        copies that are inserted later.
Rule 3: the number of shards stands in the layout, not in ClickHouse's configuration: a shard that
        is added there gets no clicks before `hopline migrate` has told all hosts.
"""

import json
from dataclasses import dataclass
from typing import Self

from app.stores.clickhouse.shards import local


@dataclass(frozen=True, slots=True)
class Layout:
    """Which clicks are on which of a cluster's shards.

    Attributes:
        shards: macros ``shard`` of those that get clicks, in the order of the cluster.
        before: Unix milliseconds, and on how many shards, the first ones, clicks before that time
            are, unless an earlier pair says it; earliest first.
    """

    shards: tuple[str, ...]
    before: tuple[tuple[int, int], ...] = ()

    @property
    def since_ms(self) -> int:
        """From when on clicks are parted between all of the shards, in Unix milliseconds."""
        return self.before[-1][0] if self.before else 0

    @property
    def expression(self) -> str:
        """The number of a click's shard, from 0, as SQL; the sharding key."""
        last = _of(len(self.shards))
        if not self.before:
            return last
        cases = (f"toUnixTimestamp64Milli(time) < {ms}, {_of(count)}" for ms, count in self.before)
        return f"multiIf({', '.join(cases)}, {last})"

    def grown(self, shards: tuple[str, ...], at_ms: int) -> "Layout":
        """Return the layout that parts clicks between more shards from a Unix time on."""
        return Layout(shards, (*self.before, (at_ms, len(self.shards))))

    def to_text(self) -> str:
        """Return what is kept of it as the comment of a table."""
        return json.dumps({"shards": self.shards, "before": self.before}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the layout that a comment says.

        Raises:
            ValueError: it says none.
        """
        try:
            plain = json.loads(text)
            before = tuple((int(ms), int(count)) for ms, count in plain["before"])
            return cls(tuple(map(str, plain["shards"])), before)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"no layout of shards: {text!r}") from error


def distributed(name: str, table: str, like: str, cluster: str, layout: Layout) -> str:
    """Return the statement that makes a Distributed table.

    Args:
        name: what it is called.
        table: whose rows it shows, those of all shards.
        like: a table with the same columns.
    """
    comment = layout.to_text().replace("\\", "\\\\").replace("'", "\\'")
    return (
        f"CREATE TABLE IF NOT EXISTS {name} AS {like}"
        f" ENGINE = Distributed('{cluster}', currentDatabase(), {local(table)},"
        f" {layout.expression}) COMMENT '{comment}'"
    )


def _of(count: int) -> str:
    return f"sipHash64(click_id) % {count}"
