-- Go on counting entries of a stream, without sending them.
--
-- KEYS[1]  stream  the click stream
-- ARGV[1]  only those after this id
-- ARGV[2]  and not after this one
-- ARGV[3]  how many to count here
--
-- Returns how many there are, and the id of the last of them.

local page = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], ARGV[2], 'COUNT', ARGV[3])
return {#page, #page > 0 and page[#page][1] or ARGV[2]}
