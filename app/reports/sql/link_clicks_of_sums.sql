SELECT short_code, sum(clicks) AS counted, toDateTime64(max(time), 3, 'UTC') AS last
FROM click_sums
WHERE short_code != '' AND $versions
GROUP BY short_code
UNION ALL
