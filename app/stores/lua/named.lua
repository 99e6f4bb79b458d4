-- Return the fields of a flat reply, names and values in turn, by their names.
local function named(flat)
    local fields = {}
    for index = 1, #flat, 2 do
        fields[flat[index]] = flat[index + 1]
    end
    return fields
end
