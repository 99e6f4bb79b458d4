#!lua flags=allow-oom
-- List by their subjects lines of the trail of changes that versions before wrote, some at a time. A
-- full Redis takes it: they are a few bytes each, of at most as many lines as the trail keeps.
--
-- KEYS[1]  stream      trail of changes
-- KEYS[2]  sorted set  where each subject's lines stand, see app/stores/lua/note.lua
-- ARGV[1]  where to begin, as XRANGE has it
-- ARGV[2]  lines at most
--
-- Returns the last line's id; false when there are none.
-- include sortable
-- include named

local last = false
for _, line in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])) do
    last = line[1]
    local subject = named(line[2]).subject
    if subject then
        redis.call('ZADD', KEYS[2], 0, subject .. '\0' .. sortable(last))
    end
end
return last
