#!lua flags=allow-oom
-- Change a link, unless somebody else has changed it since it was read, and write the line of that
-- into the trail of changes. A full Redis takes it: a link that leads where it no longer should
-- must be stopped at any time, and it hardly grows.
--
-- KEYS[1]  string  the link
-- KEYS[2]  stream  trail of changes; on a cluster it lies elsewhere, and is missing here
-- ARGV[1]  its text as it was read
-- ARGV[2]  its text as it shall be
-- ARGV[3]  lines that the trail keeps
-- ARGV[4…] fields of the line
--
-- Returns 1, or 0 when it has another text by now.
-- include sortable
-- include named
-- include note

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
    return 0
end
redis.call('SET', KEYS[1], ARGV[2])
if KEYS[2] then
    note(KEYS[2], ARGV[3], 4, 1)
end
return 1
