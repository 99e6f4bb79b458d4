-- Count what became of the entries of a stream, all at one moment.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  hash    its ledger: what the workers' scripts took off the pending list
-- ARGV[1]  group
-- ARGV[2]  how many unread entries to count here; more would hold up everybody else
--
-- Returns milliseconds of this server's clock, entries ever added, inserted, dead, pending, unread
-- as far as they were counted, the id of the last one counted, and the newest id; or
-- nothing where stream or group is missing.

local function named(flat)
    local fields = {}
    for index = 1, #flat, 2 do
        fields[flat[index]] = flat[index + 1]
    end
    return fields
end

if redis.call('EXISTS', KEYS[1]) == 0 then
    return {}
end
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = named(flat)
    if group.name == ARGV[1] then
        local stream = named(redis.call('XINFO', 'STREAM', KEYS[1]))
        local read = group['last-delivered-id']
        local page = redis.call('XRANGE', KEYS[1], '(' .. read, '+', 'COUNT', ARGV[2])
        local counted = redis.call('HMGET', KEYS[2], 'inserted', 'dead')
        local time = redis.call('TIME')
        return {
            time[1] * 1000 + math.floor(time[2] / 1000),
            stream['entries-added'],
            tonumber(counted[1] or 0),
            tonumber(counted[2] or 0),
            group.pending,
            #page,
            #page > 0 and page[#page][1] or read,
            stream['last-generated-id']
        }
    end
end
return {}
