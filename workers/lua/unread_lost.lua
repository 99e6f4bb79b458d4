#!lua flags=allow-oom
-- Count entries that were trimmed before anyone had read them, each once.
--
-- It can be told while the group has read nothing beyond the gap: of all entries ever added, those
-- that it has not read are more than the stream still holds.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  string  "last-delivered-id count": what was noticed before
-- ARGV[1]  group
--
-- Returns how many there are that were not noticed before.

local function named(flat)
    local fields = {}
    for index = 1, #flat, 2 do
        fields[flat[index]] = flat[index + 1]
    end
    return fields
end

local function sortable(entry_id)
    local ms, sequence = string.match(entry_id, '^(%d+)-(%d+)$')
    return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #sequence) .. sequence
end

local stream = named(redis.call('XINFO', 'STREAM', KEYS[1]))
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = named(flat)
    local first = stream['first-entry'] and stream['first-entry'][1]
    local last = group['last-delivered-id']
    local is_behind = not first or sortable(last) < sortable(first)
    if group.name == ARGV[1] and group['entries-read'] and is_behind then
        local lost = stream['entries-added'] - group['entries-read'] - stream.length
        local noticed = redis.call('GET', KEYS[2]) or ''
        local before = tonumber(string.match(noticed, '^' .. last:gsub('-', '%%-') .. ' (%d+)$') or 0)
        if lost > before then
            redis.call('SET', KEYS[2], last .. ' ' .. lost)
            return lost - before
        end
    end
end
return 0
