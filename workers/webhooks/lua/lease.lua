#!lua flags=allow-oom
-- Take or renew the lease of who tells webhooks, or give it back. A full Redis takes it, for who
-- delivers makes room.
--
-- KEYS[1]  string  the lease: whose it is
-- ARGV[1]  who asks
-- ARGV[2]  milliseconds that it shall last; 0 to give it back
--
-- Returns 1, or 0 while it is another's.

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
    return 0
end
if ARGV[2] == '0' then
    redis.call('DEL', KEYS[1])
else
    redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
