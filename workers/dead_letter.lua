-- Move one entry of the click stream to the dead-letter stream: both or neither.
--
-- KEYS[1]  stream  the click stream; the entry leaves the group's pending list and stays in it
-- KEYS[2]  stream  the dead letters, kept to about ARGV[3] entries
-- ARGV[1]  group
-- ARGV[2]  id of the entry
-- ARGV[3]  MAXLEN of the dead letters
-- ARGV[4…] fields of the letter, name and value in turn
--
-- Returns 1, or 0 when the entry is not pending: somebody else acked or moved it.
-- The field `deliveries` is added from the pending list.
--
-- The two streams have different names and so, by default, different slots of a Redis Cluster,
-- where this script is refused (CROSSSLOT) unless both carry one hash tag, e.g. {clicks}:dead.

local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1)
if #pending == 0 then
    return 0
end
-- XADD goes first: should memory be short, it fails before anything has changed.
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*',
    'deliveries', pending[1][4], unpack(ARGV, 4))
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return 1
