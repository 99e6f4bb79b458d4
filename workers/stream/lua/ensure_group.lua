#!lua flags=allow-oom
-- Create stream and group where missing; the group begins with the oldest entry. Of a group that was
-- there before, whoever destroyed it, the ledger is told what its successor will do again.
--
-- Asked for at each start and after each error, and so also of a full Redis.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  hash    its ledger: `again` counts entries that were finished and are given out again,
--                  `emptied` is set where the stream is another one than at the last check
-- ARGV[1]  group
--
-- Returns 0 where both were there; else 1, and how many finished entries are given out again.

-- include named

local was_there = redis.call('EXISTS', KEYS[1]) == 1
local made = redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM')
if made.err then
    return string.find(made.err, '^BUSYGROUP') and {0, 0} or made
end
local names = {'base', 'missing', 'added', 'inserted', 'dead', 'again', 'before'}
local ledger = redis.call('HMGET', KEYS[2], unpack(names))
if not ledger[1] then
    return {1, 0}
end
local noted = {}
for index, name in ipairs(names) do
    noted[name] = tonumber(ledger[index] or 0)
end
local stream = named(redis.call('XINFO', 'STREAM', KEYS[1]))
-- Of one that is there and has never held anything, nothing can have been taken.
local least = math.max(noted.added, math.min(noted.inserted + noted.dead, 1))
if not was_there or stream['entries-added'] < least then
    redis.call('HSET', KEYS[2], 'emptied', 1)
    return {1, 0}
end
-- What is finished or gone; of the rest, the stream holds more than was left to do.
local settled = noted.inserted + noted.dead + noted.base + noted.missing - noted.again - noted.before
local again = math.max(0, settled + stream.length - stream['entries-added'])
redis.call('HSET', KEYS[2], 'again', noted.again + again)
return {1, again}
