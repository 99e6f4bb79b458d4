#!lua
-- Store each link whose code is free, and write one line for all of them into the trail of changes.
--
-- KEYS[1]  stream  trail of changes
-- KEYS[2…] string  links
-- ARGV[1]  lines that the trail keeps
-- ARGV[2…] texts of the links, and then the fields of the line
--
-- Returns for each link false, or the text that stands there already.
-- include sortable
-- include named
-- include note

local held, stored, codes = {}, 0, {}
for index = 2, #KEYS do
    held[index - 1] = redis.call('SET', KEYS[index], ARGV[index], 'NX', 'GET')
    if not held[index - 1] then
        stored = stored + 1
        codes[stored] = string.match(KEYS[index], ':(.*)')
    end
end
if stored > 0 then
    if #KEYS > 2 then
        -- Of many links the line says which were stored, and nothing more.
        ARGV[#ARGV + 1] = 'to'
        ARGV[#ARGV + 1] = cjson.encode({codes = codes})
    end
    note(KEYS[1], ARGV[1], #KEYS + 1, stored)
end
return held
