-- Read entries of the click stream by their ids.
--
-- KEYS[1]  stream  the click stream
-- ARGV     entry ids
--
-- Returns entry id and fields of each that is still there.

local found = {}
for _, entry_id in ipairs(ARGV) do
    local entry = redis.call('XRANGE', KEYS[1], entry_id, entry_id)[1]
    if entry then
        found[#found + 1] = entry
    end
end
return found
