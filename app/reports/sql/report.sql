$with
SELECT grouping($keys) AS panel, $keys, $figures
FROM clicks FINAL
$prewhere
$where
GROUP BY GROUPING SETS ($sets, ())
HAVING $having
ORDER BY panel, $order
LIMIT {limit:UInt64} BY panel, $times
