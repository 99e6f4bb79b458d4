SELECT $start AS start, countIf(NOT is_bot), uniqExactIf(visitor_id, NOT is_bot), countIf(is_bot)
FROM clicks FINAL
WHERE $condition
GROUP BY start WITH TOTALS
ORDER BY start
