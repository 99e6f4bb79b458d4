#!lua flags=allow-oom
-- Be the one who cleans up, for some time. In a script, for a full Redis would refuse a plain SET,
-- and then nobody would trim it.
--
-- KEYS[1]  string  whose turn it is
-- ARGV[1]  consumer
-- ARGV[2]  milliseconds that the turn lasts
--
-- Returns 1, or 0 while it is somebody's turn.

return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
