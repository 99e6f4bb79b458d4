#!lua flags=allow-oom
-- Trim what every group of the stream but one has finished and what is older than the horizon, to the entry.
--
-- Redis drops whole nodes (stream-node-max-entries, stream-node-max-bytes) at little cost, so first
-- some of those go in each call. When no whole node is left to go, what is too old in the next one
-- does: else an idle stream would keep a visitor's address for ever.
--
-- KEYS[1]  stream  the click stream
-- ARGV[1]  the horizon: entries of this Unix millisecond and younger stay for a replay
-- ARGV[2]  group that is waited for by nobody: the one that tells webhooks
--
-- Returns how many entries went: some 1,000 in a call, for it must not take long; 0 at the end.

-- Entries in whole nodes that one call takes, which is about 0.2 ms.
local STEP = 1000

-- include sortable
-- include named

-- Returns the id that follows; the same one where numbers of Lua are not exact any more.
local function after(entry_id)
    local ms, sequence = string.match(entry_id, '^(%d+)-(%d+)$')
    return #sequence < 16 and ms .. string.format('-%.0f', sequence + 1) or entry_id
end

local lowest = ARGV[1] .. '-0'
local groups = {}
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = named(flat)
    if group.name ~= ARGV[2] then
        groups[#groups + 1] = group
    end
end
if #groups == 0 then
    return 0
end
for _, group in ipairs(groups) do
    -- Of a group that was set back, what is pending may be younger than what is to be read again.
    local unread = after(group['last-delivered-id'])
    local first_pending = redis.call('XPENDING', KEYS[1], group.name)[2] or unread
    for _, unfinished in ipairs({first_pending, unread}) do
        if sortable(unfinished) < sortable(lowest) then
            lowest = unfinished
        end
    end
end

local trimmed = redis.call('XTRIM', KEYS[1], 'MINID', '~', lowest, 'LIMIT', STEP)
if trimmed == 0 then
    -- Nodes of more entries than a step: 100 nodes, which is what Redis takes at once by itself.
    trimmed = redis.call('XTRIM', KEYS[1], 'MINID', '~', lowest)
end
if trimmed == 0 then
    trimmed = redis.call('XTRIM', KEYS[1], 'MINID', '=', lowest)
end
return trimmed
