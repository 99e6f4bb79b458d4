-- Give a consumer a page of entries that are pending at it, or at a dead consumer that it is the
-- claimant of: those it claims, and that counts as a delivery. To look at one's own does not count
-- as one, unlike with XREADGROUP: after five lost connections a click would look like poison.
--
-- An entry that was delivered before may be what killed its consumer. Of those the page holds the
-- fewer the more often they were delivered, down to one alone.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  hash    claimants of the dead, by the names of the dead
-- ARGV[1]  group
-- ARGV[2]  where the entries are pending
-- ARGV[3]  whose they will be
-- ARGV[4]  only those after this entry id
-- ARGV[5…] how many entries a page may hold that were delivered once, twice, … (at least two
--          numbers); of those delivered more often one
--
-- Returns entry id, number of deliveries and fields of each. An entry that is no longer in the
-- stream comes without fields, and stays on the pending list.

local stream, group, from, to = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local takes = from ~= to
if takes and redis.call('HGET', KEYS[2], from) ~= to then
    return {}
end
local page, room = {}, math.max(ARGV[5], ARGV[6])
local found = redis.call('XPENDING', stream, group, '(' .. ARGV[4], '+', room, from)
for _, one in ipairs(found) do
    local entry_id, deliveries = one[1], one[4]
    if takes then
        deliveries = deliveries + 1
    end
    room = math.min(room, ARGV[4 + deliveries] or 1)
    if #page >= room then
        break
    end
    local entry = redis.call('XRANGE', stream, entry_id, entry_id)[1]
    if entry and takes then
        redis.call('XCLAIM', stream, group, to, 0, entry_id, 'RETRYCOUNT', deliveries, 'JUSTID')
    end
    page[#page + 1] = entry and {entry_id, deliveries, entry[2]} or {entry_id, deliveries}
end
return page
