"""Names that a consumer works with: stream, group, its own, and the keys beside the stream."""

from typing import NamedTuple

from app.stores import keys
from app.webhooks.webhook import group_of


class Names(NamedTuple):
    """Whose entries are read, by whom, and where the dead ones go: so many of them at the worst."""

    stream: str
    group: str
    consumer: str
    dead_stream: str
    dead_maxlen: int

    @property
    def webhook_group(self) -> str:
        """Group by which webhooks hear of the clicks."""
        return group_of(self.group)

    @property
    def leases(self) -> str:
        """Key of the leases of the group's consumers."""
        return keys.leases_key(self.stream, self.group)

    @property
    def claimants(self) -> str:
        """Key of the claimants of the dead."""
        return keys.claimants_key(self.stream, self.group)

    @property
    def batches(self) -> str:
        """Key of the records of batches."""
        return keys.batches_key(self.stream, self.group)

    @property
    def batch_entries(self) -> str:
        """Key of the entry ids of those batches."""
        return keys.batch_entries_key(self.stream, self.group)

    @property
    def maintenance_lock(self) -> str:
        """Key of the lock of the consumer that cleans up."""
        return keys.maintenance_lock_key(self.stream, self.group)

    @property
    def aof_rewrite(self) -> str:
        """Key of what is noted of rewrites of the append-only file."""
        return keys.aof_rewrite_key(self.stream, self.group)

    @property
    def ledger(self) -> str:
        """Key of the stream's ledger."""
        return keys.ledger_key(self.stream, self.group)
