#!lua flags=allow-oom
-- Add or change an API key, unless somebody else has done so meanwhile, and write the line of that
-- into the trail of changes. A full Redis takes it: a key that has leaked must be stopped at any
-- time, and there are few.
--
-- KEYS[1]  hash    keys by id
-- KEYS[2]  stream  trail of changes
-- ARGV[1]  id
-- ARGV[2]  its text as it was read; '' where there was none
-- ARGV[3]  its text as it shall be
-- ARGV[4]  lines that the trail keeps
-- ARGV[5…] fields of the line
--
-- Returns 1, or 0 when it has another text by now.
-- include sortable
-- include named
-- include note

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
    return 0
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
note(KEYS[2], ARGV[4], 5, 1)
return 1
