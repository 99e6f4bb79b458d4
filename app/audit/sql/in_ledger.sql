-- The number of all and the names of the absent come from one look at the table.
SELECT intDiv(toUnixTimestamp64Milli(time), 60000) AS minute, count(),
    groupArrayIf((toUnixTimestamp64Milli(time), click_id), (time, click_id) NOT IN (
        SELECT time, click_id FROM {clicks:Identifier}
        WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
            AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
            AND intDiv(toUnixTimestamp64Milli(time), 60000) IN (SELECT minute FROM wanted)
    ))
FROM {ledger:Identifier} FINAL
WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
    AND intDiv(toUnixTimestamp64Milli(time), 60000) IN (SELECT minute FROM wanted)
GROUP BY minute
