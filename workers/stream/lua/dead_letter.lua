#!lua flags=allow-oom
-- Move one entry of the click stream to the dead-letter stream: both or neither.
--
-- KEYS[1]  stream  the click stream; the entry leaves the group's pending list and stays in it
-- KEYS[2]  stream  the dead letters; only should nobody trim them any more, to about ARGV[4] entries
-- KEYS[3]  hash    the stream's ledger: `dead` counts the entries moved here
-- ARGV[1]  group
-- ARGV[2]  consumer
-- ARGV[3]  id of the entry
-- ARGV[4]  MAXLEN of the dead letters
-- ARGV[5]  1 when the entry has a letter, from before the group was destroyed or set back; then it
--          gets no other
-- ARGV[6…] fields of the letter, name and value in turn
--
-- Returns 1, or 0 when the entry is not pending at the consumer: somebody else acked, moved or took it
-- over.
-- The field `deliveries` is added from the pending list.
--
-- Without allow-oom one bad entry would stop the consumers of a full Redis, which alone can empty it;
-- a letter is no larger than app/dead_letters/letter.py lets it be.
--
-- The two streams have different names and so, by default, different slots of a Redis Cluster,
-- where this script is refused (CROSSSLOT) unless both carry one hash tag, e.g. {clicks}:dead.

local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #pending == 0 then
    return 0
end
if ARGV[5] ~= '1' then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*',
        'deliveries', pending[1][4], unpack(ARGV, 6))
end
redis.call('HINCRBY', KEYS[3], 'dead', redis.call('XACK', KEYS[1], ARGV[1], ARGV[3]))
return 1
