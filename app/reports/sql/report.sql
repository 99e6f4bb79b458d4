SELECT panel, $keys, $figures
FROM ($parts)
GROUP BY panel, $keys
HAVING $having
ORDER BY panel, $order
LIMIT {limit:UInt64} BY panel, $times
