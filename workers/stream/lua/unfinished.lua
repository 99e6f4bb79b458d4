-- Look up a batch that a consumer owns and has not finished.
--
-- KEYS[1]  hash  batches: "tries owner"
-- KEYS[2]  hash  entry ids of the batches, with spaces
-- ARGV[1]  consumer
--
-- Returns its name, tries and entry ids, or nothing.

local notes = redis.call('HGETALL', KEYS[1])
for index = 1, #notes, 2 do
    local tries, owner = string.match(notes[index + 1], '^(%d+) (.*)$')
    if owner == ARGV[1] then
        return {notes[index], tonumber(tries), redis.call('HGET', KEYS[2], notes[index]) or ''}
    end
end
return {}
