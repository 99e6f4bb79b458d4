#!lua flags=allow-oom
-- Delete entries that every group of the stream but one has finished, and leave the others to it.
--
-- KEYS[1]  stream  the click stream
-- ARGV[1]  group that is waited for by nobody: the one that tells webhooks
-- ARGV[2…] entry ids
--
-- Returns how many were left, because they are unread or pending.

-- include sortable
-- include named

local groups = {}
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = named(flat)
    if group.name ~= ARGV[1] then
        groups[#groups + 1] = { name = group.name, read = sortable(group['last-delivered-id']) }
    end
end
local left = 0
for index = 2, #ARGV do
    local id = ARGV[index]
    local is_finished = #groups > 0
    for _, group in ipairs(groups) do
        is_finished = is_finished and sortable(id) <= group.read
            and #redis.call('XPENDING', KEYS[1], group.name, id, id, 1) == 0
    end
    if is_finished then
        redis.call('XDEL', KEYS[1], id)
    elseif #redis.call('XRANGE', KEYS[1], id, id) > 0 then
        left = left + 1
    end
end
return left
