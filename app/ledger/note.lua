#!lua flags=allow-oom
-- Note how many entries of a stream are unaccounted for. The first time the ledger begins: what
-- became of earlier entries is not its concern.
--
-- KEYS[1]  hash    the ledger: `base` (gone before it began), `since` and `checked`
--                  (milliseconds), `missing` (entries), `borne_out` (id of the
--                  last entry read when Redis' own number of unread entries was right),
--                  `gone` (entries no longer in the stream then)
-- KEYS[2]  stream  gaps: `after`, `before` (milliseconds), `entries`; the last thousand
-- KEYS[3]  stream  the click stream
-- ARGV[1]  milliseconds when the entries were counted
-- ARGV[2]  entries ever added that are not inserted, dead, pending or unread
-- ARGV[3]  what to keep as `borne_out`; '' where that number was wrong
-- ARGV[4]  and as `gone`
--
-- Returns how many more are missing than were noted before; fewer where negative.

local now = tonumber(ARGV[1])
redis.call('HSET', KEYS[1], 'borne_out', ARGV[3], 'gone', ARGV[4])
local before = redis.call('HMGET', KEYS[1], 'base', 'checked', 'missing')
if not before[1] then
    local since = now
    -- Nothing was ever finished, so the ledger has seen everything that is in the stream.
    local first = ARGV[2] == '0' and redis.call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
    if first then
        since = math.floor(string.match(first[1], '^%d+') / 1000) * 1000
    end
    redis.call('HSET', KEYS[1], 'base', ARGV[2], 'since', since, 'checked', now, 'missing', 0)
    return 0
end
-- Of two checks at once the later one counts; much later, and the clock was set back since.
local late = before[2] - now
if late >= 0 and late < 10000 then
    return 0
end
local missing = ARGV[2] - before[1]
local more = missing - before[3]
redis.call('HSET', KEYS[1], 'checked', now, 'missing', missing)
if more ~= 0 then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*',
        'after', before[2], 'before', now, 'entries', more)
end
return more
