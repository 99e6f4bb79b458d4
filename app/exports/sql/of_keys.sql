SELECT $columns, toUnixTimestamp64Milli(enriched_at)
FROM $table FINAL
PREWHERE short_code IN (SELECT short_code FROM wanted) AND time BETWEEN $since AND $until
    AND click_id IN (SELECT click_id FROM wanted)
$where
