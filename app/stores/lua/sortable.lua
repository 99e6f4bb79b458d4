-- Return an entry id so that the later of two is the greater text.
local function sortable(entry_id)
    local ms, sequence = string.match(entry_id, '^(%d+)-(%d+)$')
    return string.rep('0', 20 - #ms) .. ms .. string.rep('0', 20 - #sequence) .. sequence
end
