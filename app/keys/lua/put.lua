#!lua flags=allow-oom
-- Add or change an API key, unless somebody else has done so meanwhile. A full Redis takes it: a
-- key that has leaked must be stopped at any time, and there are few.
--
-- KEYS[1]  hash  keys by id
-- ARGV[1]  id
-- ARGV[2]  its text as it was read; '' where there was none
-- ARGV[3]  its text as it shall be
--
-- Returns 1, or 0 when it has another text by now.

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
