-- Of all links together also by the hour: its clicks, and the visitors who came with a value for the first
-- time of the day. So the hours of a day's beginning add up to it. Sets of visitors by hour are joined one
-- after the other, each once.
INSERT INTO click_values
SELECT '', concat(dimension, ' at ', toString(hour)), {day:Date}, value, {version:UInt64}, clicks, humans,
    seen - lagInFrame(seen) OVER day_of_value, seen_bots - lagInFrame(seen_bots) OVER day_of_value
FROM (
    SELECT dimension, value, hour, clicks, humans,
        uniqExactMerge(visitors) OVER day_of_value AS seen,
        uniqExactMerge(bot_visitors) OVER day_of_value AS seen_bots
    FROM (
        SELECT multiIf($dimension, '') AS dimension, concat($value) AS value, hour,
            count() AS clicks, countIf(NOT is_bot) AS humans,
            uniqExactStateIf(visitor_id, NOT is_bot AND visitor_id != 0) AS visitors,
            uniqExactStateIf(visitor_id, is_bot AND visitor_id != 0) AS bot_visitors
        FROM (SELECT intDiv(quarter, 4) AS hour, visitor_id, is_bot, $columns FROM day_clicks)
        GROUP BY GROUPING SETS ($sets)
    )
    WINDOW day_of_value AS (PARTITION BY dimension, value ORDER BY hour ROWS UNBOUNDED PRECEDING)
)
WINDOW day_of_value AS (PARTITION BY dimension, value ORDER BY hour ROWS UNBOUNDED PRECEDING)
