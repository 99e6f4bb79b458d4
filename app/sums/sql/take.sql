-- The distinct clicks of a day in some slices of its visitors: what is counted of a visitor needs no other.
-- WHERE comes after FINAL, so that it sees a click's newest row.
-- Clicks that are only counted have no visitor (0), and are spread by their times.
INSERT INTO day_slices
SELECT short_code, intDiv(toUnixTimestamp64Milli(time) - {first_ms:Int64}, 900000), visitor_id, is_bot,
    country, browser, os, device, referrer_host, bot, language, target, host, source, channel, verdict,
    if(visitor_id = 0, toUInt64(toUnixTimestamp64Milli(time)), visitor_id) % {slices:UInt32} AS slice
FROM clicks FINAL
PREWHERE time >= fromUnixTimestamp64Milli({first_ms:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({end_ms:Int64}, 'UTC')
WHERE slice >= {first:UInt32} AND slice < {end:UInt32}
