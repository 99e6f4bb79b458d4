#!lua flags=allow-oom
-- Note what became of a try to deliver. A full Redis takes it, for it makes room.
--
-- KEYS[1]  string  lease of who delivers
-- KEYS[2]  hash    bytes that wait, by webhook
-- KEYS[3…] the webhook's keys: all, waiting, delivered, failed, deliveries, bodies
-- ARGV[1]  who delivers
-- ARGV[2]  the webhook's id
-- ARGV[3]  the delivery's id
-- ARGV[4]  its text
-- ARGV[5]  waiting, delivered or failed
-- ARGV[6]  when it is due again or was ended, in Unix milliseconds
-- ARGV[7]  deliveries of each end that are kept
-- ARGV[8]  clicks that it carries by that text
--
-- Returns 1; 0 when there is no such delivery any more, -1 when the lease is another's, -2 when it has
-- fewer clicks by now: some were erased.

-- What a delivery that waits takes up beside its body: its text, and its id in four places.
local COST = 700

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return -1
end
local held = redis.call('HGET', KEYS[7], ARGV[3])
if not held then
    return 0
end
if not string.find(held, '"clicks":' .. ARGV[8] .. ',', 1, true) then
    return -2
end
redis.call('HSET', KEYS[7], ARGV[3], ARGV[4])
if ARGV[5] == 'waiting' then
    redis.call('ZADD', KEYS[4], ARGV[6], ARGV[3])
    return 1
end
if redis.call('ZREM', KEYS[4], ARGV[3]) == 1 then
    redis.call('HINCRBY', KEYS[2], ARGV[2], -#redis.call('HGET', KEYS[8], ARGV[3]) - COST)
end
local ended = ARGV[5] == 'delivered' and KEYS[5] or KEYS[6]
redis.call('ZADD', ended, ARGV[6], ARGV[3])
local surplus = redis.call('ZCARD', ended) - tonumber(ARGV[7])
if surplus > 0 then
    for _, id in ipairs(redis.call('ZRANGE', ended, 0, surplus - 1)) do
        redis.call('ZREM', ended, id)
        redis.call('ZREM', KEYS[3], id)
        redis.call('HDEL', KEYS[7], id)
        redis.call('HDEL', KEYS[8], id)
    end
end
return 1
