#!lua flags=allow-oom
-- Move one entry of the click stream to the dead-letter stream: both or neither.
--
-- KEYS[1]  stream  the click stream; the entry leaves the group's pending list and stays in it
-- KEYS[2]  stream  the dead letters; only should nobody trim them any more, to about ARGV[4] entries
-- KEYS[3]  hash    the stream's ledger: `dead` counts the entries moved here; up to `again_to` they
--                  may have been moved before, by a group that was destroyed
-- ARGV[1]  group
-- ARGV[2]  consumer
-- ARGV[3]  id of the entry
-- ARGV[4]  MAXLEN of the dead letters
-- ARGV[5…] fields of the letter, name and value in turn
--
-- Returns 1, or 0 when the entry is not pending at the consumer (somebody else acked, moved or took
-- it over) or is among the dead letters already.
-- The field `deliveries` is added from the pending list.
--
-- Without allow-oom one bad entry would stop the consumers of a full Redis, which alone can empty it;
-- a letter is no larger than app/dead_letter.py lets it be.
--
-- The two streams have different names and so, by default, different slots of a Redis Cluster,
-- where this script is refused (CROSSSLOT) unless both carry one hash tag, e.g. {clicks}:dead.

local LETTERS_AT_ONCE = 50

local function parts(entry_id)
    local ms, sequence = string.match(entry_id, '^(%d+)-(%d+)$')
    return tonumber(ms), tonumber(sequence)
end

local function may_have_been_moved(entry_id)
    local again_to = redis.call('HGET', KEYS[3], 'again_to')
    if not again_to then
        return false
    end
    local ms, sequence = parts(entry_id)
    local last_ms, last_sequence = parts(again_to)
    return ms < last_ms or (ms == last_ms and sequence <= last_sequence)
end

local function is_among_the_dead(entry_id)
    local after = '-'
    while true do
        local letters = redis.call('XRANGE', KEYS[2], after, '+', 'COUNT', LETTERS_AT_ONCE)
        for _, letter in ipairs(letters) do
            for index = 1, #letter[2], 2 do
                if letter[2][index] == 'entry_id' and letter[2][index + 1] == entry_id then
                    return true
                end
            end
            after = '(' .. letter[1]
        end
        if #letters < LETTERS_AT_ONCE then
            return false
        end
    end
end

local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2])
if #pending == 0 then
    return 0
end
local is_new = not (may_have_been_moved(ARGV[3]) and is_among_the_dead(ARGV[3]))
if is_new then
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*',
        'deliveries', pending[1][4], unpack(ARGV, 5))
end
redis.call('HINCRBY', KEYS[3], 'dead', redis.call('XACK', KEYS[1], ARGV[1], ARGV[3]))
return is_new and 1 or 0
