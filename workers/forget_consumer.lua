-- Remove a consumer from the group, unless it has pending entries: XGROUP DELCONSUMER would drop
-- its pending list, and with it the only trace of those clicks.
--
-- KEYS[1]  stream  the click stream
-- ARGV[1]  group
-- ARGV[2]  name of the consumer
--
-- Returns 1, or 0 when it has pending entries or is not there.

local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending > 0 then
    return 0
end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
