-- Tell where the unread entries of a group are.
--
-- KEYS[1]  stream  the click stream
-- ARGV[1]  group
--
-- Returns the id of the last entry that was read and the id of the newest one, or nothing where
-- stream or group is missing.

-- include named

if redis.call('EXISTS', KEYS[1]) == 1 then
    for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
        local group = named(flat)
        if group.name == ARGV[1] then
            local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
            return {group['last-delivered-id'], newest and newest[1] or group['last-delivered-id']}
        end
    end
end
return {}
