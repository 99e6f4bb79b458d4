#!lua flags=allow-oom
-- Put a delivery without erased clicks in the place of what it was, unless it is another by now. A
-- full Redis takes it, for it makes room.
--
-- KEYS[1]  hash  bytes that wait, by webhook
-- KEYS[2…] the webhook's keys: all, waiting, delivered, failed, deliveries, bodies
-- ARGV[1]  the webhook's id
-- ARGV[2]  the delivery's id
-- ARGV[3]  its text as it was read
-- ARGV[4]  SHA-1 of its body as it was read, in hexadecimal
-- ARGV[5]  its text as it shall be; '' to take it away
-- ARGV[6]  its body as it shall be
--
-- Returns 1, or 0 when it is another by now.

-- What a delivery that waits takes up beside its body: its text, and its id in four places.
local COST = 700

local body = redis.call('HGET', KEYS[7], ARGV[2])
if not body or redis.sha1hex(body) ~= ARGV[4] then
    return 0
end
if redis.call('HGET', KEYS[6], ARGV[2]) ~= ARGV[3] then
    return 0
end
local change = ARGV[5] == '' and -#body - COST or #ARGV[6] - #body
if redis.call('ZSCORE', KEYS[3], ARGV[2]) then
    redis.call('HINCRBY', KEYS[1], ARGV[1], change)
end
if ARGV[5] ~= '' then
    redis.call('HSET', KEYS[6], ARGV[2], ARGV[5])
    redis.call('HSET', KEYS[7], ARGV[2], ARGV[6])
    return 1
end
for index = 2, 5 do
    redis.call('ZREM', KEYS[index], ARGV[2])
end
redis.call('HDEL', KEYS[6], ARGV[2])
redis.call('HDEL', KEYS[7], ARGV[2])
return 1
