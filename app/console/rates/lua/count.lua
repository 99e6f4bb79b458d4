#!lua flags=allow-oom
-- Count requests within a window, which begins with the first.
--
-- KEYS[1]  hash  in `requests` how many came
-- ARGV[1]  how many more have come
-- ARGV[2]  seconds that a window lasts
--
-- Returns how many came, and in how many milliseconds the window ends.

local count = redis.call('HINCRBY', KEYS[1], 'requests', ARGV[1])
local left_ms = redis.call('PTTL', KEYS[1])
if left_ms < 0 then
    left_ms = tonumber(ARGV[2]) * 1000
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return {count, left_ms}
