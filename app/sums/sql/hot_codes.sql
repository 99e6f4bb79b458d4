-- Of rows of the table, which are as many as clicks or more: a link too many costs a little room.
INSERT INTO hot_codes
SELECT short_code FROM $clicks
WHERE short_code != ''
GROUP BY short_code
HAVING count() >= {least:UInt64}
