-- Add a line to the trail of changes (app/changes), and return its id: fields stand in ARGV from a
-- place on. A line may be as long as two targets, so that what all take is bounded as well.
local function note(trail, most, first, count)
    local most_bytes = 64 * 1024 * 1024
    local fields = {'count', count}
    for index = first, #ARGV do
        fields[#fields + 1] = ARGV[index]
    end
    local id = redis.call('XADD', trail, 'MAXLEN', '~', most, '*', unpack(fields))
    -- As its oldest pieces tell, which are the ones that go.
    local taken = redis.call('MEMORY', 'USAGE', trail)
    if taken > most_bytes then
        local kept = math.floor(redis.call('XLEN', trail) * most_bytes / taken)
        redis.call('XTRIM', trail, 'MAXLEN', '~', kept)
    end
    return id
end
