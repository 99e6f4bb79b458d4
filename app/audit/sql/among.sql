-- The bounds name the partitions, and in the ledger the primary key.
SELECT DISTINCT toUnixTimestamp64Milli(time), click_id FROM {table:Identifier}
WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    AND (time, click_id) IN (
        SELECT fromUnixTimestamp64Milli(time_ms, 'UTC'), click_id FROM wanted
    )
