#!lua flags=allow-oom
-- Record a batch that is about to be inserted, if its consumer still has its lease. Whoever
-- claims from it then finishes this batch with the same entries and the same token.
--
-- Entries change hands only together with the loss of the lease, so the lease alone proves that
-- all of them are still the consumer's: no need to look at each on the pending list, which for
-- 10,000 of them would hold up everybody else for 10 ms.
--
-- Without allow-oom a full Redis would stop the consumers, which alone can empty it.
--
-- KEYS[1]  zset  leases
-- KEYS[2]  hash  batches: "tries owner"; tries counts the owners who died over the batch
-- KEYS[3]  hash  entry ids of the batches, with spaces
-- ARGV[1]  consumer
-- ARGV[2]  name of the batch
-- ARGV[3]  tries
-- ARGV[4]  entry ids, with spaces
-- ARGV[5]  name of the batch that this one is a part of, to be forgotten; or ''
--
-- Returns 1, or 0 when the lease is gone. Harmless when repeated.

if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
    return 0
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ' ' .. ARGV[1])
redis.call('HSET', KEYS[3], ARGV[2], ARGV[4])
if ARGV[5] ~= '' then
    redis.call('HDEL', KEYS[2], ARGV[5])
    redis.call('HDEL', KEYS[3], ARGV[5])
end
return 1
