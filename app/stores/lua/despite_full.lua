#!lua flags=allow-oom
-- Carry out one command that a full Redis would refuse.
-- https://redis.io/docs/latest/develop/programmability/lua-api/#script_flags
--
-- KEYS[1]  the only key that the command touches
-- ARGV     the command
--
-- Returns its reply.

return redis.call(unpack(ARGV))
