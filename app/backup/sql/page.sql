SELECT formatRow('JSONCompactEachRow', $columns) FROM {table:Identifier} FINAL
WHERE toYYYYMM(time) = {month:UInt32} $behind
ORDER BY short_code, time, click_id LIMIT {rows:UInt64}
