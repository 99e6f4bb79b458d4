"""Engines of tables: a migration's statement as one server, a replica or a shard carries it out.

The files and their checksums stay what they are: the engine is chosen where the tables are made.
"""

import re

from app.schema.layout import Layout, distributed
from app.stores.clickhouse.shards import SHARDED, local

#: How long Keeper remembers an insert's token; an hour by default, and a retry may come later.
_TOKEN_SECONDS = 604_800
TOKENS = f"replicated_deduplication_window_seconds = {_TOKEN_SECONDS}"
#: A replica that died with an insert under way holds a part that Keeper knows nothing of. When it
#: starts it sets such parts aside; but by default, where they are more than half of a table's rows,
#: as in a small table, it leaves the table read-only until somebody sees to it.
WRONG_PARTS = "replicated_max_ratio_of_wrong_parts"
START_ANYHOW = f"{WRONG_PARTS} = 1"

#: Path in Keeper and name there of a table whose rows a shard's replicas have.
OF_A_SHARD = "'/clickhouse/tables/{shard}/{database}/{table}', '{replica}'"
#: Of one whose rows every host of several shards has: their replicas may have the same names.
EVERYWHERE = "'/clickhouse/tables/all_shards/{database}/{table}'"
NAME_EVERYWHERE = "'{shard}-{replica}'"

_PLAIN = re.compile(r"^ENGINE = (Replacing|Summing)MergeTree(?:\((\w+)\))?", re.MULTILINE)
_OF_TABLE = re.compile(r"^(CREATE TABLE IF NOT EXISTS|ALTER TABLE) (\w+)", re.MULTILINE)


def replicated(statement: str, place: str = OF_A_SHARD) -> str:
    """Return a migration's statement as each replica carries it out.

    Args:
        place: path and name of the replica, in quotes.
    """
    if not _PLAIN.search(statement):
        return statement

    def engine(plain: re.Match[str]) -> str:
        version = f", {plain[2]}" if plain[2] else ""
        return f"ENGINE = Replicated{plain[1]}MergeTree({place}{version})"

    text = _PLAIN.sub(engine, statement)
    return f"{text}{',' if 'SETTINGS ' in text else ' SETTINGS'} {TOKENS}, {START_ANYHOW}"


def on_shards(statement: str, cluster: str, layout: Layout) -> list[str]:
    """Return what a migration's statement is on each host of several shards.

    Each of the steps is carried out on all hosts before the next one.
    """
    found = _OF_TABLE.search(statement)
    if found is None or found[2] not in SHARDED:
        return [replicated(statement, f"{EVERYWHERE}, {NAME_EVERYWHERE}")]
    verb, table = found.groups()
    own = _OF_TABLE.sub(f"{verb} {local(table)}", statement, count=1)
    if verb.startswith("CREATE"):
        return [replicated(own), distributed(table, table, local(table), cluster, layout)]
    # A Distributed table has the columns of the others, but no lifetime and no settings of theirs.
    return [own, statement] if " COLUMN " in statement else [own]
