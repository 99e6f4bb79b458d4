SELECT toYYYYMM(time) AS month, count() FROM clicks
$prewhere
GROUP BY month
ORDER BY month
