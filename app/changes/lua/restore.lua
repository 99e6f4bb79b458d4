#!lua flags=allow-oom
-- Put a line of the trail of changes back under the id that it had, marked as app/changes/change.py
-- says. A full Redis takes it, as it takes the change.
--
-- KEYS[1]  stream      trail of changes
-- KEYS[2]  sorted set  where each subject's lines stand, see app/stores/lua/note.lua
-- ARGV[1]  the line's id
-- ARGV[2…] its fields
--
-- Returns 1 when it is there; 0 when the trail has gone on past it, for a stream takes ids in order.
-- include sortable
-- include named

if #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) > 0 then
    return 1
end
local fields = {'restored', '1'}
for index = 2, #ARGV do
    fields[#fields + 1] = ARGV[index]
end
local reply = redis.pcall('XADD', KEYS[1], ARGV[1], unpack(fields))
if type(reply) == 'table' and reply.err then
    if string.find(reply.err, 'equal or smaller', 1, true) then
        return 0
    end
    return reply
end
local subject = named(fields).subject
if subject then
    redis.call('ZADD', KEYS[2], 0, subject .. '\0' .. sortable(ARGV[1]))
end
return 1
