#!lua flags=allow-oom
-- Use up one click of a limited link, once for each click id.
--
-- Proxies ask again, and what a lost tail of the AOF took is told again: a click that is known keeps
-- its number. Only the last ones are known, in a bounded place that is forgotten when the link rests.
-- A full Redis lets it pass: it is a few bytes, and the visitor waits for the answer.
--
-- KEYS[1]  string      how many clicks are used
-- KEYS[2]  sorted set  the last clicks' ids by their number
-- ARGV[1]  the link's limit; 0 for clicks that were followed already, which count in any case
-- ARGV[2]  how many clicks are known, at most
-- ARGV[3]  seconds for which they are
-- ARGV[4…] click ids
--
-- Returns the number of the last of these clicks, from 1; one past the limit is none that was used.

local limit = tonumber(ARGV[1])
local number
for index = 4, #ARGV do
    number = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[index]) or nil)
    if not number then
        local used = tonumber(redis.call('GET', KEYS[1]) or 0)
        if used and limit > 0 and used >= limit then
            return used + 1
        end
        number = redis.call('INCR', KEYS[1])
        redis.call('ZADD', KEYS[2], number, ARGV[index])
    end
end
redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - tonumber(ARGV[2]))
redis.call('EXPIRE', KEYS[2], ARGV[3])
return number
