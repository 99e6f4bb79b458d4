-- Put a dead letter's entry back into the click stream and take the letter away: both or neither,
-- so that it can be in no two places, however often this is tried.
--
-- KEYS[1]  stream  the dead letters
-- KEYS[2]  stream  the click stream
-- ARGV[1]  id of the letter
-- ARGV[2…] fields of the entry, name and value in turn
--
-- Returns the entry's new id, or nil when there is no such letter (any more).
--
-- On a Redis Cluster both streams must carry one hash tag, as dead_letter.lua demands too.

if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 0 then
    return false
end
local entry_id = redis.call('XADD', KEYS[2], '*', unpack(ARGV, 2))
redis.call('XDEL', KEYS[1], ARGV[1])
return entry_id
