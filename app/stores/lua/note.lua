-- Add a line to the trail of changes (app/changes), and return its id: fields stand in ARGV from a
-- place on, to its end or another place. A line may be as long as two targets, so that what all take is bounded as well.
-- Beside the trail, in its slot, a sorted set has where each subject's lines stand; see
-- app/changes/lua/list.lua for those of versions before.
local function note(trail, most, first, count, last)
    local most_bytes, node, subjects = 64 * 1024 * 1024, 100, trail .. ':subjects'
    local function place(subject, id)
        return subject .. '\0' .. sortable(id)
    end
    local fields = {'count', count}
    for index = first, last or #ARGV do
        fields[#fields + 1] = ARGV[index]
    end
    local id = redis.call('XADD', trail, '*', unpack(fields))
    local subject = named(fields).subject
    if subject then
        redis.call('ZADD', subjects, 0, place(subject, id))
    end
    -- As its oldest pieces tell, which are the ones that go.
    local taken, lines = redis.call('MEMORY', 'USAGE', trail), redis.call('XLEN', trail)
    local kept = math.min(tonumber(most), math.floor(lines * most_bytes / taken))
    -- Whole pieces, as XTRIM ~ takes them.
    for _ = 1, math.floor((lines - kept) / node) do
        for _, line in ipairs(redis.call('XRANGE', trail, '-', '+', 'COUNT', node)) do
            subject = named(line[2]).subject
            if subject then
                redis.call('ZREM', subjects, place(subject, line[1]))
            end
        end
        lines = lines - node
        redis.call('XTRIM', trail, 'MAXLEN', lines)
    end
    return id
end
