#!lua flags=allow-oom
-- Remove a consumer from the group, unless it has pending entries or a batch: XGROUP DELCONSUMER
-- would drop its pending list, and with it the only trace of those clicks.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  zset    leases
-- KEYS[3]  hash    batches: "tries owner"
-- KEYS[4]  hash    claimants of the dead
-- ARGV[1]  group
-- ARGV[2]  name of the consumer
-- ARGV[3]  'dead' to end the lease at once where it can't be removed, so that all is claimed
--
-- Returns 1, or 0 when it left something.

local is_free = #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0
for _, note in ipairs(redis.call('HVALS', KEYS[3])) do
    is_free = is_free and string.match(note, ' (.*)$') ~= ARGV[2]
end
if is_free then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    redis.call('ZREM', KEYS[2], ARGV[2])
    redis.call('HDEL', KEYS[4], ARGV[2])
    return 1
end
if ARGV[3] == 'dead' then
    redis.call('ZADD', KEYS[2], 'XX', 0, ARGV[2])
end
return 0
