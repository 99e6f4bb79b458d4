WITH $aliases
SELECT grouping($keys) AS panel, $keys, $figures
FROM clicks FINAL
$prewhere
$where
GROUP BY GROUPING SETS ($sets, ())
