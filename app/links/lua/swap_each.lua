#!lua flags=allow-oom
-- Change each link, unless somebody else has changed it since it was read, and write the line of each
-- into the trail of changes. A full Redis takes it, as it takes the change of one.
--
-- KEYS[1]  stream  trail of changes
-- KEYS[2…] string  links
-- ARGV[1]  lines that the trail keeps
-- ARGV[2…] of each link its text as it was read, its text as it shall be, and how many words the fields
--          of its line are, which follow
--
-- Returns for each link 1, or 0 when it has another text by now.
-- include sortable
-- include named
-- include note

local done, place = {}, 2
for index = 2, #KEYS do
    local last = place + 2 + ARGV[place + 2]
    done[index - 1] = 0
    if redis.call('GET', KEYS[index]) == ARGV[place] then
        redis.call('SET', KEYS[index], ARGV[place + 1])
        note(KEYS[1], ARGV[1], place + 3, 1, last)
        done[index - 1] = 1
    end
    place = last + 1
end
return done
