#!lua flags=allow-oom
-- Be the one who cleans up, for some time. In a script, for a full Redis would refuse a plain SET,
-- and then nobody would trim it.
--
-- KEYS[1]  string  whose turn it is
-- ARGV[1]  consumer
-- ARGV[2]  milliseconds that the turn lasts
--
-- Returns 1, or 0 while it is somebody's turn.
--
-- The key says since when: a turn of the future is from before this server's clock was set back, and
-- would last for as long as that was.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local turn = redis.call('GET', KEYS[1])
local since = turn and tonumber(string.match(turn, '^(%d+) ') or 0)
if since and since <= now then
    return 0
end
redis.call('SET', KEYS[1], string.format('%.0f %s', now, ARGV[1]), 'PX', ARGV[2])
return 1
