-- Trim what every group of the stream has finished and what is older than the horizon.
--
-- KEYS[1]  stream  the click stream
-- ARGV[1]  the horizon: entries of this Unix millisecond and younger stay for a replay
--
-- Returns how many entries went: some 10,000 at most, for a call must not take long.

local function sortable(entry_id)
    local ms, sequence = string.match(entry_id, '^(%d+)-(%d+)$')
    return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #sequence) .. sequence
end

local lowest = ARGV[1] .. '-0'
local groups = redis.call('XINFO', 'GROUPS', KEYS[1])
if #groups == 0 then
    return 0
end
for _, flat in ipairs(groups) do
    local group = {}
    for index = 1, #flat, 2 do
        group[flat[index]] = flat[index + 1]
    end
    local first_pending = redis.call('XPENDING', KEYS[1], group.name)[2]
    local unfinished = first_pending or group['last-delivered-id']
    if sortable(unfinished) < sortable(lowest) then
        lowest = unfinished
    end
end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', lowest)
