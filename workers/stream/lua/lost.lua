#!lua flags=allow-oom
-- Ack pending entries that are no longer in the stream: nobody can process them any more.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  hash    the stream's ledger: `lost` counts the entries acked here
-- ARGV[1]  group
-- ARGV[2…] entry ids
--
-- Returns how many were still pending.

local acked = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 2))
redis.call('HINCRBY', KEYS[2], 'lost', acked)
return acked
