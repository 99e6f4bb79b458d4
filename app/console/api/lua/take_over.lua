#!lua flags=allow-oom
-- Take over the lease of a request whose try is over, unless somebody else has it by now.
--
-- KEYS[1]  string  the lease
-- ARGV[1]  what is in it of the try that is over
-- ARGV[2]  what shall be in it
-- ARGV[3]  seconds for which it is held
--
-- Returns whether it was taken over: 1 or 0.

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
