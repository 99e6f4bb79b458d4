#!lua flags=allow-oom
-- Add, change or take away a webhook, unless somebody else has done so meanwhile, and write the line
-- of that into the trail of changes. A full Redis takes it: a webhook that tells the wrong people
-- must be stopped at any time, and there are few.
--
-- KEYS[1]  hash    webhooks by id
-- KEYS[2]  stream  trail of changes
-- KEYS[3]  hash    how receivers fare, by webhook
-- KEYS[4]  hash    bytes that wait, by webhook
-- KEYS[5…]         what else goes with a webhook that is taken away
-- ARGV[1]  id
-- ARGV[2]  its text as it was read; '' where there was none
-- ARGV[3]  its text as it shall be; '' to take it away
-- ARGV[4]  lines that the trail keeps
-- ARGV[5]  webhooks that there may be
-- ARGV[6…] fields of the line
--
-- Returns 1, 0 when it has another text by now, or -1 when there would be too many.
-- include sortable
-- include named
-- include note

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
    return 0
end
if ARGV[2] == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then
    return -1
end
if ARGV[3] == '' then
    redis.call('HDEL', KEYS[1], ARGV[1])
    redis.call('HDEL', KEYS[3], ARGV[1])
    redis.call('HDEL', KEYS[4], ARGV[1])
    for index = 5, #KEYS do
        redis.call('DEL', KEYS[index])
    end
else
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
end
note(KEYS[2], ARGV[4], 6, 1)
return 1
