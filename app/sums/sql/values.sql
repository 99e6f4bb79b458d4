-- All dimensions from one look at the clicks: of a grouping set the columns of the others are empty.
INSERT INTO click_values
SELECT $code, multiIf($dimension, '') AS dimension, {day:Date}, concat($value) AS value, {version:UInt64},
    count(), countIf(NOT is_bot), uniqExactIf(visitor_id, NOT is_bot AND visitor_id != 0),
    uniqExactIf(visitor_id, is_bot AND visitor_id != 0)
FROM (SELECT short_code, visitor_id, is_bot, $columns FROM day_clicks WHERE $which)
GROUP BY GROUPING SETS ($sets)
