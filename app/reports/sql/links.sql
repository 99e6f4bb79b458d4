WITH $aliases
SELECT $panel AS panel, $keys, $figures
FROM click_sums
WHERE $where
GROUP BY short_code
