#!lua flags=allow-oom
-- Count the backlog, the entries from the oldest one that a group has not finished to the newest, and
-- say how full the server's memory is.
--
-- Redis has no cheap count between two ids, and a group's lag is null or wrong once entries were
-- deleted (before Redis 7.2.6). So each look may leave a mark: how many entries had ever been added
-- when the newest had this id. From a mark just before the oldest unfinished entry on, no more
-- entries can have come than were added since, whatever was trimmed or deleted. The marks lie
-- beside the stream and are lost with its tail, if that is lost.
--
-- KEYS[1]  stream      the click stream
-- KEYS[2]  sorted set  the marks "id:added", all with score 0; ids padded, so that they sort
-- ARGV[1]  group
-- ARGV[2]  entries from one mark to the next, at least
--
-- Returns the backlog (never too few, at most what the stream holds, and all of that without a group
-- or a mark that is old enough), the bytes in use that count against the server's maxmemory, that
-- bound, and the server's run id, replication id and role. Without the right to ask for them they are
-- 0 and ''.

-- include sortable
-- include named

local function added_at(mark)
    return tonumber(string.match(mark, ':(%d+)$'))
end

-- Returns the last mark before the id; with the character that follows ':', also one at the id.
local function mark_before(bound)
    return redis.call('ZREVRANGEBYLEX', KEYS[2], '(' .. bound, '-', 'LIMIT', 0, 1)[1]
end

-- Returns a bound that only marks before the oldest unfinished entry lie below; nil if there is no
-- such entry.
local function unfinished_bound(group, last_id)
    local first_pending = redis.call('XPENDING', KEYS[1], group.name)[2]
    local pending = first_pending and sortable(first_pending)
    local delivered = sortable(group['last-delivered-id'])
    if delivered >= last_id or (pending and pending <= delivered) then
        return pending
    end
    -- Of a group that was set back, what is pending may be younger than what is to be read again.
    return delivered .. ';'
end

local function backlog()
    if redis.call('EXISTS', KEYS[1]) == 0 then
        return 0
    end
    local stream = named(redis.call('XINFO', 'STREAM', KEYS[1]))
    local added = stream['entries-added']
    local last_id = sortable(stream['last-generated-id'])

    local newest = redis.call('ZREVRANGE', KEYS[2], 0, 0)[1]
    if newest and (added_at(newest) > added or newest > last_id .. ';') then
        -- The stream was deleted and begun anew.
        redis.call('DEL', KEYS[2])
        newest = nil
    end
    if not newest or added - added_at(newest) >= tonumber(ARGV[2]) then
        redis.call('ZADD', KEYS[2], 0, last_id .. ':' .. added)
    end

    local group
    for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
        local one = named(flat)
        if one.name == ARGV[1] then
            group = one
        end
    end
    if not group then
        return stream.length
    end
    local bound = unfinished_bound(group, last_id)
    local mark = mark_before(bound or last_id .. ';')
    -- What the stream no longer holds need not be counted, nor marked.
    local first = stream['first-entry'] and sortable(stream['first-entry'][1])
    local useful = bound and first and bound < first and mark_before(first) or mark
    if useful then
        redis.call('ZREMRANGEBYLEX', KEYS[2], '-', '(' .. useful)
    end
    if not bound then
        return 0
    end
    return mark and math.min(stream.length, added - added_at(mark)) or stream.length
end

local info = redis.pcall('INFO', 'server', 'replication', 'memory')
local text = type(info) == 'string' and info or ''

local function named_text(name)
    return string.match(text, '\n' .. name .. ':(%w+)') or ''
end

local function named_number(name)
    return tonumber(named_text(name)) or 0
end

return {
    backlog(),
    named_number('used_memory') - named_number('mem_not_counted_for_evict'),
    named_number('maxmemory'),
    named_text('run_id'),
    named_text('master_replid'),
    named_text('role'),
}
