-- Two sets of clicks are taken for the same if their numbers and the sums of their hashes are.
SELECT intDiv(toUnixTimestamp64Milli(time), 60000) AS minute, count(), sum(sipHash64(click_id))
FROM {ledger:Identifier} FINAL
WHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
GROUP BY minute
