#!lua flags=allow-oom
-- Delete a dead letter for good, and remember its click: whoever looks for it in the ledger is told
-- that nobody lost it.
--
-- KEYS[1]  stream  the dead letters
-- KEYS[2]  zset    purged clicks, "milliseconds:id", by their milliseconds
-- ARGV[1]  id of the letter
-- ARGV[2]  milliseconds of its click; '' where it is none
-- ARGV[3]  the click's id in hexadecimal
-- ARGV[4]  milliseconds for which purged clicks are remembered
--
-- Returns how many letters were deleted.

local deleted = redis.call('XDEL', KEYS[1], ARGV[1])
if deleted == 1 and ARGV[2] ~= '' then
    redis.call('ZADD', KEYS[2], ARGV[2], ARGV[2] .. ':' .. ARGV[3])
end
local now = redis.call('TIME')[1] * 1000
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. string.format('%.0f', now - ARGV[4]))
return deleted
