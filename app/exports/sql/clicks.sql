SELECT $columns
FROM $table FINAL
$prewhere
$where
ORDER BY short_code, time, click_id
