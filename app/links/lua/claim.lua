#!lua
-- Have a target lead to a link, unless it leads to another than whoever asks has looked at.
--
-- KEYS[1]  hash  links by their targets' digests
-- ARGV[1]  the target's digest
-- ARGV[2]  the code that was found there; '' where there was none
-- ARGV[3]  the code that shall be there
--
-- Returns 1, or 0 when another code is there by now.

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
