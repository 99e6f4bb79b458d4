#!lua
-- Have deliveries wait for their webhooks, and note in the same step how far these were told.
--
-- KEYS[1]  string      lease of who tells
-- KEYS[2]  hash        places: how far webhooks were told, by where it is read
-- KEYS[3]  sorted set  what they are told of once, by when it is forgotten
-- KEYS[4]  hash        bytes that wait, by webhook
-- KEYS[5]  hash        webhooks by id
-- KEYS[6…] six keys of each webhook: see webhook_keys
-- ARGV[1]  who tells; '' for somebody who needs no lease
-- ARGV[2]  Unix milliseconds
-- ARGV[3]  bytes that may wait for one webhook
-- ARGV[4]  name of the place; '' for none
-- ARGV[5]  where it was; '' for nowhere, '*' for wherever
-- ARGV[6]  where it is by now; '' to forget it
-- ARGV[7]  what they are told of once; '' for anything else
-- ARGV[8]  when that is forgotten, in Unix milliseconds
-- ARGV[9]  when the deliveries are due, in Unix milliseconds
-- ARGV[10] how many erasures there were when who tells began, of the places
-- ARGV[11…] for each delivery: number of its webhook's keys, the webhook's id, its own id, its text,
--          its body
--
-- Returns -1 when the lease is another's, clicks were erased meanwhile or the place isn't where it was, -2 when they were told
-- already; else of each delivery that found no room its webhook's id.

-- What a delivery that waits takes up beside its body: its text, and its id in four places.
local COST = 700

if ARGV[1] ~= '' and redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return -1
end
-- Clicks that were read before an erasure may be among those that nobody is to be told of any more.
if ARGV[1] ~= '' and (redis.call('HGET', KEYS[2], 'erasures') or '') ~= ARGV[10] then
    return -1
end
-- A step whose reply was never heard may have been taken.
if ARGV[4] ~= '' and ARGV[5] ~= '*' and (redis.call('HGET', KEYS[2], ARGV[4]) or '') ~= ARGV[5] then
    return -1
end
if ARGV[7] ~= '' then
    if redis.call('ZADD', KEYS[3], 'NX', ARGV[8], ARGV[7]) == 0 then
        return -2
    end
    redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', ARGV[2])
end
if ARGV[4] ~= '' then
    if ARGV[6] == '' then
        redis.call('HDEL', KEYS[2], ARGV[4])
    else
        redis.call('HSET', KEYS[2], ARGV[4], ARGV[6])
    end
end
local refused = {}
for at = 11, #ARGV, 5 do
    local first = 6 * tonumber(ARGV[at])
    local webhook, id, text, body = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
    if redis.call('HGET', KEYS[5], webhook) then
        local taken = tonumber(redis.call('HGET', KEYS[4], webhook) or 0)
        if taken + #body + COST > tonumber(ARGV[3]) then
            refused[#refused + 1] = webhook
        else
            redis.call('HINCRBY', KEYS[4], webhook, #body + COST)
            redis.call('ZADD', KEYS[first], 0, id)
            redis.call('ZADD', KEYS[first + 1], ARGV[9], id)
            redis.call('HSET', KEYS[first + 4], id, text)
            redis.call('HSET', KEYS[first + 5], id, body)
        end
    end
end
return refused
