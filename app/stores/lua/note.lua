-- Add a line to the trail of changes (app/changes): fields stand in ARGV from a place on.
local function note(trail, most, first, count)
    local fields = {'count', count}
    for index = first, #ARGV do
        fields[#fields + 1] = ARGV[index]
    end
    redis.call('XADD', trail, 'MAXLEN', '~', most, '*', unpack(fields))
end
