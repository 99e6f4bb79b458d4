SELECT $column AS name, countIf($counted) AS clicks, uniqExactIf(visitor_id, $counted)
FROM clicks FINAL
WHERE $condition
GROUP BY name WITH TOTALS HAVING clicks > 0
ORDER BY clicks DESC, name LIMIT {limit:UInt64}
