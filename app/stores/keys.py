"""Every Redis key that is not itself a setting.

Rule: no other file spells a key. Stream and group names are settings (ADR-003 values by default).
Keys that a script touches together with the stream carry the stream's name as their hash tag, so
that they live in its slot on a Redis Cluster.
"""

#: Prefix of the links; one string key a link, so that CLIENT TRACKING can watch the prefix.
LINK_PREFIX = "link:"

#: Sorted set of the codes of links, scored by creation time in milliseconds, for listing.
LINK_INDEX = "links:index"

#: Sorted set of the codes of deleted links, which stay taken; scored as they were in the index.
LINK_TOMBSTONES = "links:tombstones"

#: Prefix of the sorted sets of the codes of one tag, scored as the index is.
LINK_TAG_PREFIX = "links:tag:"

#: Set of the codes of links that an earlier version deleted, and which are still in the index.
LINK_DELETED = "links:deleted"

#: Prefix of the hashes that tell which link leads to a target, :data:`TARGET_BUCKETS` of them.
LINK_TARGETS_PREFIX = "links:targets:"

#: As many hashes as keep a million links' entries in their compact form (listpack).
TARGET_BUCKETS = 16_384

#: There once the links that are older than these hashes are in them.
LINK_TARGETS_FILLED = "links:targets"

#: Hash of the counts of clicks that came along with imported links, by code.
LINK_IMPORTED = "links:imported"

#: Prefix of the counters of used clicks, one a link with a click limit.
LINK_USES_PREFIX = "links:uses:"

#: Prefix of the secret salts of visitor ids, one a UTC day.
VISITOR_SALT_PREFIX = "visitors:salt:"

#: Hash of the API keys by id, as JSON. What belongs to the interface lies in one slot.
API_KEYS = "{api}:keys"

#: Hash of the minutes in which API keys were last used, in Unix seconds by id.
API_KEYS_USED = "{api}:keys:used"

#: Stream of the changes of links, API keys and webhooks.
API_CHANGES = "{api}:changes"

#: Sorted set of where the lines of that stream stand by their subjects; app/stores/lua/note.lua
#: derives it.
API_CHANGES_OF = "{api}:changes:subjects"

#: Flag that lines of versions before are in that set.
API_CHANGES_LISTED = "{api}:changes:subjects:complete"

#: Hash of the tags that are being renamed, by what they were.
API_TAG_RENAMES = "{api}:tags:renames"

#: Hash of the webhooks by id, as JSON.
WEBHOOKS = "{api}:webhooks"

#: Hash of how each webhook's receiver fares, by id, as JSON.
WEBHOOK_HEALTH = "{api}:webhooks:health"

#: Hash of how far the webhooks were told of what happens, by where it is read.
WEBHOOK_PLACES = "{api}:webhooks:places"

#: Hash of the bytes of deliveries that wait, by webhook.
WEBHOOK_BYTES = "{api}:webhooks:bytes"

#: Sorted set of what webhooks were told of that they are told of once, by when it is forgotten.
WEBHOOK_TOLD = "{api}:webhooks:told"

#: Sorted set of the codes of links that will expire, by when, in Unix seconds.
WEBHOOK_EXPIRIES = "{api}:webhooks:expiries"

#: Key whose holder tells webhooks of what happens.
WEBHOOK_LEASE = "{api}:webhooks:lease"


def link_key(code: str) -> str:
    """Return the key that holds the link as JSON."""
    return LINK_PREFIX + code


def link_tag_key(tag: str) -> str:
    """Return the key of the sorted set of the codes of a tag."""
    return LINK_TAG_PREFIX + tag


def link_shares_key(code: str) -> str:
    """Return the key of the hash of a link's shares by the digests of their secrets."""
    return f"links:shares:{code}"


def link_targets_key(bucket: int) -> str:
    """Return the key of one of the hashes that tell which link leads to a target."""
    return f"{LINK_TARGETS_PREFIX}{bucket}"


def link_uses_key(code: str) -> str:
    """Return the key that counts the used clicks of a limited link."""
    return LINK_USES_PREFIX + code


def link_spent_key(code: str) -> str:
    """Return the key of the sorted set of the clicks that a limited link's counter counted last.

    It is in the slot of :func:`link_uses_key`.
    """
    return f"{{{link_uses_key(code)}}}:spent"


def answer_key(name: str) -> str:
    """Return the key that holds the answer to a request for a day, so that it can be repeated."""
    return f"links:answers:{name}"


def answer_lease_key(name: str) -> str:
    """Return the key that is there while the request is being carried out."""
    return f"links:answers:{name}:lease"


def api_rate_key(policy: str, caller: str) -> str:
    """Return the key that counts the requests of a caller of the interface by a policy."""
    return f"{{api}}:rate:{policy}:{caller}"


def session_key(name: str) -> str:
    """Return the key of a browser's session, named by the digest of what it sends."""
    return f"{{api}}:session:{name}"


def visitor_salt_key(day: str) -> str:
    """Return the key of the salt of a UTC day, written YYYY-MM-DD."""
    return VISITOR_SALT_PREFIX + day


def webhook_key(webhook_id: str, name: str) -> str:
    """Return a key of what is sent to a webhook: see :func:`app.webhooks.webhook.keys_of`."""
    return f"{WEBHOOKS}:{webhook_id}:{name}"


def leases_key(stream: str, group: str) -> str:
    """Return the key of the sorted set of a group's consumers by when they renewed their lease."""
    return _beside(stream, f"{group}:leases")


def claimants_key(stream: str, group: str) -> str:
    """Return the key of the hash that says who claims what a dead consumer left."""
    return _beside(stream, f"{group}:heirs")


def batches_key(stream: str, group: str) -> str:
    """Return the key of the hash of the batches that are being inserted, and by whom."""
    return _beside(stream, f"{group}:batches")


def batch_entries_key(stream: str, group: str) -> str:
    """Return the key of the hash of those batches' entry ids."""
    return _beside(stream, f"{group}:batches:entries")


def maintenance_lock_key(stream: str, group: str) -> str:
    """Return the key whose holder cleans up after a group."""
    return _beside(stream, f"{group}:janitor")


def aof_rewrite_key(stream: str, group: str) -> str:
    """Return the key of the hash that says when Redis' append-only file was written anew."""
    return _beside(stream, f"{group}:rewrite")


def backlog_marks_key(stream: str, group: str) -> str:
    """Return the key of the sorted set by which a group's backlog is counted."""
    return _beside(stream, f"{group}:backlog")


def ledger_key(stream: str, group: str) -> str:
    """Return the key of the hash that counts what became of a stream's entries."""
    return _beside(stream, f"{group}:ledger")


def ledger_gaps_key(stream: str, group: str) -> str:
    """Return the key of the stream of times at which entries went missing, and how many."""
    return _beside(stream, f"{group}:ledger:gaps")


def sums_lock_key(stream: str, group: str) -> str:
    """Return the key whose holder computes the sums of closed days."""
    return _beside(stream, f"{group}:sums:turn")


def ledger_lock_key(stream: str, group: str) -> str:
    """Return the key whose holder checks a group's ledger."""
    return _beside(stream, f"{group}:ledger:turn")


def supervisors_key(stream: str, group: str) -> str:
    """Return the key of the set of a group's supervisors; some of them may be gone."""
    return _beside(stream, f"{group}:supervisors")


def supervisor_key(stream: str, group: str, name: str) -> str:
    """Return the key that holds a running supervisor's state as JSON."""
    return _beside(stream, f"{group}:supervisors:{name}")


def shard_key(stream: str, tag: str) -> str:
    """Return the key of a shard of the click stream, or of its dead letters.

    Both, and all that lies beside them, are in the slot of the tag.

    Args:
        stream: the key without shards, which has no hash tag.
        tag: one of :data:`app.stores.shards.SHARD_TAGS`.
    """
    return f"{stream}:{{{tag}}}"


def dead_key_beside(stream: str) -> str:
    """Return the key of a stream's dead letters that are in its slot, though it has no hash tag."""
    return _beside(stream, "dead")


def purged_key(dead_stream: str) -> str:
    """Return the key of the sorted set of clicks whose dead letters were purged.

    It is in the slot of the dead letters if their name carries a hash tag, as a shard's does.
    """
    return f"{dead_stream}:purged"


def _beside(stream: str, name: str) -> str:
    """Return a key in the slot of the stream, which may carry a hash tag of its own."""
    start = stream.find("{")
    has_tag = start >= 0 and stream.find("}", start) > start + 1
    return f"{stream if has_tag else f'{{{stream}}}'}:{name}"
