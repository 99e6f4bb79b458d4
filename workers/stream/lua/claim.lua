#!lua flags=allow-oom
-- Become the claimant of dead consumers: their leases end, so that they can begin nothing any more
-- should they only have been asleep, and their batches' records are the claimant's.
--
-- A consumer is dead when its lease is older than ARGV[3], when it has none and has not asked for
-- entries for that long, or when it is known to be. One whose claimant is alive is left to that one.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  zset    leases: consumers by the time of their last renewal, in milliseconds
-- KEYS[3]  hash    batches: "tries owner"
-- KEYS[4]  hash    claimants of the dead, by the names of the dead
-- ARGV[1]  group
-- ARGV[2]  the claimant to be
-- ARGV[3]  milliseconds after which a lease ends
-- ARGV[4…] names of consumers that are known to be dead
--
-- Returns the names of the dead who left anything.

-- include named

local claimant, lasts = ARGV[2], tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local is_known = {}
for index = 4, #ARGV do
    is_known[ARGV[index]] = true
end

-- For how long one has not asked for entries. If it last did when the clock was ahead, Redis says 0
-- until the clock has come there again: what counts then is how far that is, where Redis tells (from
-- 7.2 on), and for how long it has held its oldest entry.
local function silence_of(one)
    if one.idle > 0 then
        return one.idle
    end
    local oldest = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, one.name)[1]
    return math.max(-(one.inactive or 0), oldest and oldest[3] or 0)
end

-- What each has left: nil for nothing, else how long it has been silent.
local silent = {}
local notes = redis.call('HGETALL', KEYS[3])
for index = 1, #notes, 2 do
    silent[string.match(notes[index + 1], ' (.*)$')] = math.huge
end
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local one = named(flat)
    if one.pending > 0 or silent[one.name] then
        silent[one.name] = silence_of(one)
    end
end

local function is_alive(name, silent_ms)
    local renewed = redis.call('ZSCORE', KEYS[2], name)
    if renewed then
        -- Renewed in the future: the clock was set back, and nobody can tell for how long.
        silent_ms = math.abs(now - renewed)
    end
    return silent_ms <= lasts
end

local function is_taken(name)
    local other = redis.call('HGET', KEYS[4], name)
    return other and other ~= claimant and is_alive(other, math.huge)
end

local dead = {}
for name, silent_ms in pairs(silent) do
    local is_dead = is_known[name] or not is_alive(name, silent_ms)
    if name ~= claimant and is_dead and not is_taken(name) then
        dead[#dead + 1] = name
        redis.call('ZREM', KEYS[2], name)
        redis.call('HSET', KEYS[4], name, claimant)
    end
end
for _, name in ipairs(dead) do
    for index = 1, #notes, 2 do
        local tries, owner = string.match(notes[index + 1], '^(%d+) (.*)$')
        if owner == name then
            redis.call('HSET', KEYS[3], notes[index], (tries + 1) .. ' ' .. claimant)
        end
    end
end
return dead
