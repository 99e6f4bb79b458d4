-- Count what became of the entries of a stream, all at one moment.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  hash    its ledger: what the workers' scripts took off the pending list
-- ARGV[1]  group
-- ARGV[2]  how many unread entries to count here; more would hold up everybody else
--
-- Returns milliseconds of this server's clock, entries ever added, inserted, dead, pending, unread
-- as far as they were counted; ids of the last one counted, of the newest, and of the last that was
-- read; then what may tell the rest: length, entries read (nil if unknown), ids of the oldest (nil
-- if there is none), of the youngest deleted, and the ledger's `borne_out` (nil if there is none)
-- and `gone`; then the entries that were in none of these states at the last check, nil before the
-- first; last the ledger's `again` and `before`. Or nothing where stream or group is missing.

-- include named

if redis.call('EXISTS', KEYS[1]) == 0 then
    return {}
end
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
    local group = named(flat)
    if group.name == ARGV[1] then
        local stream = named(redis.call('XINFO', 'STREAM', KEYS[1]))
        local read = group['last-delivered-id']
        local page = redis.call('XRANGE', KEYS[1], '(' .. read, '+', 'COUNT', ARGV[2])
        local ledger = redis.call('HMGET', KEYS[2], 'inserted', 'dead', 'borne_out', 'base', 'missing', 'gone',
            'again', 'before')
        local oldest = stream['first-entry']
        local time = redis.call('TIME')
        return {
            time[1] * 1000 + math.floor(time[2] / 1000),
            stream['entries-added'],
            tonumber(ledger[1] or 0),
            tonumber(ledger[2] or 0),
            group.pending,
            #page,
            #page > 0 and page[#page][1] or read,
            stream['last-generated-id'],
            read,
            stream.length,
            group['entries-read'] or false,
            oldest and oldest[1],
            stream['max-deleted-entry-id'],
            ledger[3],
            tonumber(ledger[6] or 0),
            ledger[4] and ledger[4] + ledger[5],
            tonumber(ledger[7] or 0),
            tonumber(ledger[8] or 0)
        }
    end
end
return {}
