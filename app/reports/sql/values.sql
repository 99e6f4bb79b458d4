WITH $aliases
SELECT $panel AS panel, $keys, $figures
FROM click_values
WHERE $where
GROUP BY dimension, value
