SELECT toYYYYMM(time) AS month, count() FROM $table
$prewhere
GROUP BY month
