-- Read entries that are pending in a group, a page at a time; nobody notices.
--
-- KEYS[1]  stream  the click stream
-- ARGV[1]  group
-- ARGV[2]  only those after this id
-- ARGV[3]  how many
--
-- Returns id and fields of each; without fields where the entry is no longer in the stream.

local page = {}
local found = redis.call('XPENDING', KEYS[1], ARGV[1], '(' .. ARGV[2], '+', ARGV[3])
for index, one in ipairs(found) do
    local entry = redis.call('XRANGE', KEYS[1], one[1], one[1])[1]
    page[index] = entry or {one[1]}
end
return page
