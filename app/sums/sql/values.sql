INSERT INTO click_values
SELECT $code AS code, '$dimension', {day:Date}, $value AS value, {version:UInt64},
    count(), countIf(NOT is_bot), uniqExactIf(visitor_id, NOT is_bot), uniqExactIf(visitor_id, is_bot)
FROM day_clicks
WHERE $which
GROUP BY code, value
