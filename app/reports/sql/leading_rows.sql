UNION ALL
SELECT short_code, 0, toInt64(count()), 0 FROM clicks
$prewhere
GROUP BY short_code
