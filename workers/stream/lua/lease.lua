#!lua flags=allow-oom
-- Begin or renew a consumer's lease. A lease that is gone stays gone: its consumer was taken for
-- dead, its entries are another's, and it has to end.
--
-- KEYS[1]  zset  consumers by the time of their last renewal, in milliseconds by this server
-- ARGV[1]  consumer
-- ARGV[2]  'begin' or 'renew'
--
-- Returns 1, or 0 when there is no lease to renew.

if ARGV[2] == 'renew' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then
    return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
if ARGV[2] == 'begin' then
    -- Of consumers that died before they had read anything, and a day ago.
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '(0', now - 86400000)
end
return 1
