-- How many clicks each link has, and when the last one was: of days with sums by those, of others by rows.
-- Where rows of a day with sums are there still, they tell when the last click was to the millisecond.
SELECT short_code, sum(counted), toUnixTimestamp64Milli(max(last))
FROM (
    $sums
    SELECT short_code, uniqExact(click_id) AS counted, max(time) AS last
    FROM clicks
    $without
    GROUP BY short_code
    UNION ALL
    SELECT short_code, 0, max(time) FROM clicks GROUP BY short_code
)
GROUP BY short_code
