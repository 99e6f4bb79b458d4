#!lua flags=allow-oom
-- Write a line into the trail of changes, for a change that lies on another node. A full Redis takes
-- it, as it takes the change.
--
-- KEYS[1]  stream  trail of changes
-- ARGV[1]  lines that the trail keeps
-- ARGV[2]  changes that the line counts
-- ARGV[3…] fields of the line
--
-- Returns the line's id.
-- include sortable
-- include named
-- include note

return note(KEYS[1], ARGV[1], 3, ARGV[2])
