#!lua flags=allow-oom
-- Take a lock that expires. In a script, for a full Redis would refuse a plain SET, and then nobody
-- would trim it.
--
-- KEYS[1]  string  the lock: since when, and whose
-- ARGV[1]  who takes it
-- ARGV[2]  milliseconds that it is held
--
-- Returns 1, or 0 while somebody holds it.
--
-- The key says since when: a lock of the future is from before this server's clock was set back, and
-- would last for as long as that was.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local held = redis.call('GET', KEYS[1])
local since = held and tonumber(string.match(held, '^(%d+) ') or 0)
if since and since <= now then
    return 0
end
redis.call('SET', KEYS[1], string.format('%.0f %s', now, ARGV[1]), 'PX', ARGV[2])
return 1
