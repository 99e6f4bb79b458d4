SELECT $columns
FROM clicks FINAL
$prewhere
$where
ORDER BY clicks.short_code, clicks.time, clicks.click_id
