#!lua flags=allow-oom
-- Note how many entries of a stream are unaccounted for. The first time the ledger begins: what
-- became of earlier entries is not its concern.
--
-- KEYS[1]  hash    the ledger: `base` (gone before it began), `since` and `checked`
--                  (milliseconds), `missing` (entries), `borne_out` (id of the
--                  last entry read when Redis' own number of unread entries was right),
--                  `gone` (entries no longer in the stream then), `added` (entries ever added to
--                  the stream then), `before` (to streams that were deleted since the ledger began),
--                  `again` (entries that were given out again when they had been finished), `emptied`
--                  (set by whoever finds the stream to be another one)
-- KEYS[2]  stream  gaps: `after`, `before` (milliseconds), `entries`, and `emptied` where the stream
--                  was deleted; the last thousand
-- KEYS[3]  stream  the click stream
-- ARGV[1]  milliseconds when the entries were counted
-- ARGV[2]  entries ever added that are not inserted, dead, pending or unread
-- ARGV[3]  what to keep as `borne_out`; '' where that number was wrong
-- ARGV[4]  and as `gone`
-- ARGV[5]  and as `added`
--
-- Returns how many more are missing than were noted before; fewer where negative.

local now, rest, added = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[5])

-- include named

local there = 0
if redis.call('EXISTS', KEYS[3]) == 1 then
    there = named(redis.call('XINFO', 'STREAM', KEYS[3]))['entries-added']
end
if added > there then
    -- That stream was deleted since it was counted: the next check will tell.
    return 0
end
local noted = redis.call('HMGET', KEYS[1], 'base', 'checked', 'missing', 'added', 'emptied')
local was_added = tonumber(noted[4] or 0)
local is_emptied = noted[5] or there < was_added
redis.call('HSET', KEYS[1], 'borne_out', ARGV[3], 'gone', ARGV[4],
    'added', is_emptied and added or math.max(added, was_added))
redis.call('HDEL', KEYS[1], 'emptied')
if not noted[1] then
    local since = now
    -- Nothing was ever finished, so the ledger has seen everything that is in the stream.
    local first = rest == 0 and redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
    if first then
        since = math.floor(string.match(first[1], '^%d+') / 1000) * 1000
    end
    redis.call('HSET', KEYS[1], 'base', rest, 'since', since, 'checked', now, 'missing', 0)
    return 0
end
local base, checked, before = tonumber(noted[1]), tonumber(noted[2]), tonumber(noted[3])
-- Of two checks at once the later one counts; much later, and the clock was set back since.
local late = checked - now
if late >= 0 and late < 10000 and not is_emptied then
    return 0
end
if is_emptied then
    redis.call('HINCRBY', KEYS[1], 'before', was_added)
    rest = rest + was_added
end
local missing = rest - base
if missing < 0 then
    -- Finished twice: somebody set the group back by hand.
    redis.call('HINCRBY', KEYS[1], 'again', -missing)
    missing = 0
end
local more = missing - before
redis.call('HSET', KEYS[1], 'checked', now, 'missing', missing)
if more ~= 0 or is_emptied then
    local gap = {'after', checked, 'before', now, 'entries', more}
    if is_emptied then
        gap[7], gap[8] = 'emptied', 1
    end
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', unpack(gap))
end
return more
