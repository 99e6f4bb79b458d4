#!lua
-- Have a delivery sent at once: one that waits, or again one that was ended.
--
-- KEYS[1]  hash  bytes that wait, by webhook
-- KEYS[2…] the webhook's keys: all, waiting, delivered, failed, deliveries, bodies
-- ARGV[1]  the webhook's id
-- ARGV[2]  the delivery's id
-- ARGV[3]  its text, if it was ended
-- ARGV[4]  when it is due
-- ARGV[5]  clicks that it carries by that text
--
-- Returns 1, or 0 when there is no such delivery any more, or with fewer clicks.

-- What a delivery that waits takes up beside its body: its text, and its id in four places.
local COST = 700

local held = redis.call('HGET', KEYS[6], ARGV[2])
if not held or not string.find(held, '"clicks":' .. ARGV[5] .. ',', 1, true) then
    return 0
end
if redis.call('ZADD', KEYS[3], ARGV[4], ARGV[2]) == 1 then
    redis.call('ZREM', KEYS[4], ARGV[2])
    redis.call('ZREM', KEYS[5], ARGV[2])
    redis.call('HSET', KEYS[6], ARGV[2], ARGV[3])
    redis.call('HINCRBY', KEYS[1], ARGV[1], #redis.call('HGET', KEYS[7], ARGV[2]) + COST)
end
return 1
