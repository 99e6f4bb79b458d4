#!lua flags=no-writes
-- Tell which commands the user may not send; one that the server has no more is among them.
-- https://redis.io/docs/latest/develop/programmability/lua-api/#redis.acl_check_cmd
--
-- ARGV     each command's words, an empty one behind them
--
-- Returns those commands.

local refused, command = {}, {}
for _, word in ipairs(ARGV) do
    if word ~= '' then
        command[#command + 1] = word
    else
        local is_known, may = pcall(redis.acl_check_cmd, unpack(command))
        if not (is_known and may) then
            refused[#refused + 1] = table.concat(command, ' ')
        end
        command = {}
    end
end
return refused
