SELECT $at, lower(hex(click_id)), short_code, toUnixTimestamp64Milli(time)
FROM $table
$where
ORDER BY $order
LIMIT $limit
