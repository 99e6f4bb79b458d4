-- Tell which entries dead letters are of, a page at a time: the letters themselves may be large.
--
-- KEYS[1]  stream  the dead letters
-- ARGV[1]  only those after this id
-- ARGV[2]  how many letters to look at
--
-- Returns the id of the last letter that was looked at, and ids of entries; nothing at the end.

local letters = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[2])
if #letters == 0 then
    return {}
end
local entry_ids = {}
for _, letter in ipairs(letters) do
    for index = 1, #letter[2], 2 do
        if letter[2][index] == 'entry_id' then
            entry_ids[#entry_ids + 1] = letter[2][index + 1]
        end
    end
end
return {letters[#letters][1], entry_ids}
