#!lua flags=allow-oom
-- Change a link, unless somebody else has changed it since it was read. A full Redis takes it: a
-- link that leads where it no longer should must be stopped at any time, and it hardly grows.
--
-- KEYS[1]  string  the link
-- ARGV[1]  its text as it was read
-- ARGV[2]  its text as it shall be
--
-- Returns 1, or 0 when it has another text by now.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2])
return 1
