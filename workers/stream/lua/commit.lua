#!lua flags=allow-oom
-- Ack entries of a batch that is inserted, and with the last of them forget the batch. Acks go in
-- pieces: 10,000 at once would hold up everybody else for some 10 ms. Whoever claims between
-- two pieces finishes the batch again, which changes nothing.
--
-- KEYS[1]  stream  the click stream
-- KEYS[2]  hash    batches: "tries owner"
-- KEYS[3]  hash    entry ids of the batches
-- KEYS[4]  hash    the stream's ledger: `inserted` counts the entries acked here
-- ARGV[1]  group
-- ARGV[2]  consumer
-- ARGV[3]  name of the batch
-- ARGV[4]  1 with the last piece, else 0
-- ARGV[5…] entry ids
--
-- Returns 1, or 0 when the batch is not the consumer's: it is finished already, or another
-- finishes it. Harmless when repeated.

local note = redis.call('HGET', KEYS[2], ARGV[3])
if not note or string.match(note, ' (.*)$') ~= ARGV[2] then
    return 0
end
if #ARGV > 4 then
    local acked = redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 5))
    redis.call('HINCRBY', KEYS[4], 'inserted', acked)
end
if ARGV[4] == '1' then
    redis.call('HDEL', KEYS[2], ARGV[3])
    redis.call('HDEL', KEYS[3], ARGV[3])
end
return 1
